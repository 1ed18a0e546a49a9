import { readdir, readFile } from 'node:fs/promises'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { adaptive } from '../../../lib/ksm.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { CaseResult, Stage } from './case.ts'
import { disturbanceOf, withExcuse } from './disturbance.ts'
import { mib } from './memory-host.ts'

const interval = 1_000
/** Ticks in which pages are merged at most, and those in which the CPUs are busy before and while it is judged. */
const mergingTicks = 60
const settlingTicks = 4
const busyTicks = 8
/** What four like guests have in common at least: the text and the data of their kernels. */
const leastSaved = 32 * MiB

/** The state of the kernel's merging: bytes saved, milliseconds of CPU time that its thread took, available memory. */
interface Moment {
  readonly saved: number
  readonly cpuMs: number
  readonly available: number
}

/**
 * Four like guests whose equal pages are merged while the CPUs are idle; then all four spin, and the scanning has to stop.
 * KSM belongs to the whole machine: at the end it is as it was.
 */
export async function KSM(stage: Stage): Promise<CaseResult> {
  const { options, host } = stage
  const size = { memoryMiB: 256, maximumMiB: 256 }
  const guests = await stage.fresh([1, 2, 3, 4].map((i) => ({ name: `aos_vm${i}`, ...size })))
  const journal = memoryJournal()
  const original = await host.ksm()
  const before = await momentOf(stage)
  const ticks: Tick[] = []
  let merged = before
  let busyFrom: Moment | undefined
  let spinningSince: number | undefined
  try {
    // The lab's host has memory left: short is what is not all but empty.
    const ksm = adaptive({ shortBelow: 0.999 })
    for await (const tick of stage.pilot({ interval, ksm, journal })) {
      const now = ticks.push(tick)
      const moment = await momentOf(stage)
      options.log(`  ${mib(moment.saved)} MiB saved, ${Math.round(moment.cpuMs)} ms of CPU`)
      if (spinningSince === undefined) {
        const isStill = now > 15 && moment.saved - merged.saved < MiB && moment.saved >= leastSaved
        merged = moment
        if (!isStill && now < mergingTicks) continue
        await Promise.all(guests.map((guest) => guest.send('spin')))
        spinningSince = now
      } else {
        if (now === spinningSince + settlingTicks) busyFrom = moment
        if (now >= spinningSince + settlingTicks + busyTicks) break
      }
    }
  } finally {
    await restore(host, journal)
  }
  const after = await momentOf(stage)
  const last = ticks.at(-1)!.view
  const restored = await host.ksm()
  const busy = ticks.slice(-busyTicks)
  const scanning = busy.filter(({ view: { memory } }) => memory.ksm?.running && memory.ksm.pagesToScan > 0)
  const cpuWhileBusyMs = busyFrom ? after.cpuMs - busyFrom.cpuMs : undefined
  const savedMiB = mib(merged.saved - before.saved)
  const isRestored =
    original?.running === restored?.running && original?.pagesToScan === restored?.pagesToScan
  // What the scanning itself takes is no disturbance.
  const others = disturbanceOf(ticks.filter(({ view }) => !view.memory.ksm?.running))
  const limits = [
    ...(original?.canSwitch ? [] : ['Ballast may not switch KSM here']),
    ...(merged.saved - before.saved >= leastSaved ? [] : [`only ${savedMiB} MiB were saved`]),
    ...(scanning.length === 0 ? [] : [`in ${scanning.length} ticks it scanned while the CPUs were busy`]),
    ...(isRestored ? [] : ['KSM was not restored']),
  ]
  const broken = withExcuse(limits, others)
  return {
    case: 'KSM',
    passed: broken.length === 0,
    savedMiB,
    availableBeforeMiB: mib(before.available),
    availableMergedMiB: mib(merged.available),
    mergingCpuMs: Math.round(merged.cpuMs - before.cpuMs),
    mergingTicks: spinningSince ?? ticks.length,
    cpuWhileBusyMs: cpuWhileBusyMs === undefined ? null : Math.round(cpuWhileBusyMs),
    busyPercent: Math.round(
      (100 * last.pcpus.reduce((sum, { busy = 0 }) => sum + busy, 0)) / last.pcpus.length,
    ),
    scanningTicksWhileBusy: scanning.length,
    advisor: original?.advisor ?? null,
    restored: isRestored,
    ...others,
    broken,
  }
}

async function momentOf({ host }: Stage): Promise<Moment> {
  const [ksm, stat, meminfo] = await Promise.all([
    host.ksm(),
    readFile(`/proc/${await ksmd()}/stat`, 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
  ])
  // Fields 14 and 15, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1]) * 1024
  return { saved: ksm?.saved ?? 0, cpuMs: 10 * (Number(fields[11]) + Number(fields[12])), available }
}

/** The kernel's own thread that scans. */
async function ksmd(): Promise<string> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    if (name.trim() === 'ksmd') return pid
  }
  throw new Error('This kernel has no thread ksmd')
}
