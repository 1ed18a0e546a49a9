import type { Step } from '../../../lib/fleet/plan/step.ts'
import type { GuestReport, HostReport } from '../../../lib/fleet/report/host-report.ts'

/** Reports of the same fleet after these steps, each guest needing what it did. Delays are not known. */
export function carriedOut(reports: readonly HostReport[], steps: readonly Step[]): HostReport[] {
  const guests = new Map<string, { report: GuestReport; host: string }>()
  for (const { host, guests: own } of reports) {
    for (const report of own) guests.set(report.uuid, { report, host })
  }
  for (const { guest, from, to } of steps) {
    const one = guests.get(guest)
    if (one?.host !== from) throw new Error(`${guest} is not on ${from}`)
    one.host = to
  }
  return reports.map((report) => {
    const beside =
      report.memory.committed - report.guests.reduce((sum, { memory }) => sum + memory.committed, 0)
    const own = [...guests.values()]
      .filter(({ host }) => host === report.host)
      .map((one) => withoutDelay(one.report))
    const committed = beside + own.reduce((sum, { memory }) => sum + memory.committed, 0)
    return { ...report, guests: own, memory: { ...report.memory, committed } }
  })
}

function withoutDelay(report: GuestReport): GuestReport {
  return { ...report, cpu: { ...report.cpu, delay: undefined } }
}
