import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shares } from '../../../lib/ballooning/index.ts'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import { virsh } from '../virsh.ts'
import type { CaseResult, Stage } from './case.ts'

const interval = 2_000
const blindTicks = 3
const seeingTicks = 30
const size = { memoryMiB: 256, maximumMiB: 512 }

/**
 * Two guests as they come, without a statistics period; a program in the first needs more than it has. A dry run says of
 * both that they have no period, and changes nothing. One that may set periods wants to grow the first, and sets
 * nothing else; at its end the periods are as they were.
 */
export async function DRY_RUN(stage: Stage): Promise<CaseResult> {
  const { host, options } = stage
  const guests = await stage.fresh([
    { name: 'aos_vm1', ...size },
    { name: 'aos_vm2', ...size },
  ])
  const [needy] = guests
  await needy!.send('mem 140')
  const directory = await mkdtemp(join(tmpdir(), 'ballast-dry-run-'))
  try {
    const journal = fileJournal(join(directory, 'journal'))
    const dry = { interval, dryRun: true, ballooning: shares() }
    const reasons: string[] = []
    for await (const tick of stage.pilot({ ...dry, ticks: blindTicks })) reasons.push(...memoryReasons(tick))
    const periodsWhileBlind = await periodsOf(stage)

    let wantedMiB: number | undefined
    for await (const tick of stage.pilot({ ...dry, ticks: seeingTicks, statsPeriod: true, journal })) {
      const growth = tick.outcomes.find(({ action }) => action.kind === 'setMemory')
      if (growth?.action.kind !== 'setMemory') continue
      options.log(`${growth.status}: ${growth.action.domain} to ${Math.round(growth.action.bytes / MiB)} MiB`)
      if (growth.action.domain !== needy!.domain) continue
      wantedMiB = Math.round(growth.action.bytes / MiB)
      break
    }
    const entries = await journal.entries()
    const report = await restore(host, journal)
    const periodsAtEnd = await periodsOf(stage)
    const sizes = [...(await host.sampleMemory()).actual].map((bytes) => bytes / MiB)
    const broken = [
      ...(reasons.length === blindTicks * guests.length ? [] : [`only ${reasons.length} reasons were given`]),
      ...(reasons.every((kind) => kind === 'no-statistics-period') ? [] : [`reasons: ${reasons.join(' ')}`]),
      ...(periodsWhileBlind.every((period) => period === 0) ? [] : ['a dry run set a period']),
      ...(wantedMiB !== undefined && wantedMiB > size.memoryMiB ? [] : ['nothing was wanted']),
      ...(entries.every(({ kind }) => kind === 'memoryStatsPeriod') ? [] : ['more than periods was changed']),
      ...(report.restored.length === guests.length ? [] : [`${report.restored.length} periods restored`]),
      ...(periodsAtEnd.every((period) => period === 0) ? [] : ['a period stays']),
      ...(sizes.every((mib) => mib === size.memoryMiB) ? [] : ['a balloon was changed']),
    ]
    return {
      case: 'DRY-RUN',
      passed: broken.length === 0,
      guests: guests.length,
      reasons: [...new Set(reasons)],
      wantedMiB: wantedMiB ?? null,
      periodsSet: entries.length,
      periodsAtEnd,
      broken,
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function memoryReasons({ skipped }: Tick): string[] {
  return skipped.filter(({ what }) => what === 'memory').map(({ reason }) => reason.kind)
}

/** Seconds between the reports of each guest, as libvirt's XML has them; 0: none. */
async function periodsOf({ lab }: Stage): Promise<number[]> {
  const names = await lab.guests()
  const xmls = await Promise.all(
    names.map(async (name) => virsh(lab.uri, 'dumpxml', (await lab.guest(name)).domain)),
  )
  return xmls.map((xml) => Number(/<stats period='(\d+)'/.exec(xml)?.[1] ?? 0))
}
