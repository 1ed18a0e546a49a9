import { shares } from '../../../lib/ballooning/index.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import { judgeMemory } from '../../support/verdict.ts'
import type { Guest } from '../guest.ts'
import { virsh } from '../virsh.ts'
import type { CaseResult, Stage } from './case.ts'
import {
  domainOverhead,
  figuresOfOthers,
  firstLook,
  memoryOf,
  mib,
  mibOrNull,
  overheadGrowth,
  reserveFor,
  sizes,
  spare,
  usedBy,
  withExcuse,
} from './memory-host.ts'

const interval = 1_000
const start = 384 * MiB
const most = 512 * MiB
const device = { sizeMiB: 1_024, requestedMiB: 512 }
const plugged = device.requestedMiB * MiB
/** What its owner wants later. */
const pluggedLater = 640 * MiB
/** What a guest at rest uses less than. */
const atRest = 256 * MiB
const growthMiB = 20
const mostTicks = 120
/** Ticks that show that all stays as it is. */
const watched = 6

/**
 * A guest with a balloon of 384 of 512 MiB and a virtio-mem device of 1 GiB that has 512 MiB plugged. Its program grows to
 * all that both can hold; then its owner has more plugged.
 */
export async function VIRTIO_MEM(stage: Stage): Promise<CaseResult> {
  const { host, lab, options } = stage
  const size = { memoryMiB: mib(start), maximumMiB: mib(most) }
  const [guest] = (await stage.fresh([{ name: 'aos_vm1', ...size, virtioMem: device }])) as [Guest]
  // It plugs its memory while it boots, and reports it a second later.
  const before = await firstLook(stage, ({ memory }) => (memory.need?.inUse ?? most) < atRest)
  const programMiB = mib(most + plugged - usedBy(before, guest) - spare)
  const hostMemoryReserve = reserveFor(
    before,
    most - start + (pluggedLater - plugged) + overheadGrowth + spare,
  )
  options.log(`host reserve ${mib(hostMemoryReserve)} MiB; the program will hold ${programMiB} MiB`)

  const journal = memoryJournal()
  const ticks: Tick[] = []
  const judged: { readonly tick: Tick; readonly held: number }[] = []
  let grown: number | undefined
  let heldBefore = 0
  await guest.send(`grow ${growthMiB} 1 ${programMiB}`)
  for await (const tick of stage.pilot({ interval, ballooning: shares(), hostMemoryReserve, journal })) {
    const now = ticks.push(tick)
    const held = await heldBy(lab.uri, guest)
    // libvirt's figure is up to a second older than the View's: they are compared where nothing moves.
    if (held === heldBefore) judged.push({ tick, held })
    heldBefore = held
    options.log(`  ${sizes(tick.view)}; libvirt says ${mib(held)}`)
    const stat = await guest.stat()
    if (stat.held >= (programMiB - 1) * MiB && grown === undefined) {
      grown = now
      const wanted = ['--requested-size', `${mib(pluggedLater)}MiB`]
      await virsh(lab.uri, 'update-memory-device', guest.domain, ...wanted, '--live')
    }
    if (stat.killed > 0 || now >= mostTicks || (grown !== undefined && now >= grown + watched)) break
  }

  const { killed } = await guest.stat()
  const asked = ticks.flatMap(({ outcomes, view }) =>
    outcomes.flatMap((outcome) => {
      if (outcome.action.kind !== 'setMemory') return []
      return [{ ...outcome, size: outcome.action.bytes - (memoryOf(view, guest)?.virtioMem?.current ?? 0) }]
    }),
  )
  const wrong = judged.filter(({ tick, held }) => !isAccountRight(tick, guest, held))
  const last = memoryOf(ticks.at(-1)!.view, guest)
  const programsLost = killed > 0 ? [guest.domain] : []
  const verdict = judgeMemory(ticks, { growing: [guest.domain], programsLost, leastUnused: 0 })
  await guest.send(`mem -${programMiB}`)
  for await (const _ of stage.watch({ interval, ticks: watched }));
  const report = await restore(host, journal)
  for await (const _ of stage.watch({ interval, ticks: watched }));
  const restored = (await host.sampleMemory()).actual[0]!
  const others = figuresOfOthers(
    before,
    ticks.map(({ view }) => view),
  )
  const largest = Math.max(0, ...asked.map((one) => one.size))
  const failed = asked.filter(({ status }) => status === 'failed').length
  const broken = withExcuse(
    [
      ...(killed > 0 ? [`${guest.name} lost a program`] : []),
      ...(grown === undefined ? [`${guest.name} never held all that it was to`] : []),
      ...(largest <= most ? [] : [`its balloon was asked for ${mib(largest)} MiB`]),
      ...(failed === 0 ? [] : [`${failed} requests failed`]),
      ...(judged.length >= watched ? [] : [`it rested in ${judged.length} ticks only`]),
      ...(wrong.length === 0 ? [] : [`in ${wrong.length} ticks it was counted wrong`]),
      ...(last?.virtioMem?.current === pluggedLater
        ? []
        : [`plugged is ${mibOrNull(last?.virtioMem?.current)} MiB`]),
      ...(report.notRestored.length + report.external.length === 0 ? [] : ['its size was not restored']),
      ...(Math.abs(restored - start) < MiB ? [] : [`its balloon has ${mib(restored)} MiB at the end`]),
      ...(verdict.hostReserveHeld ? [] : ['the host reserve did not hold']),
    ],
    others,
  )
  return {
    case: 'VIRTIO-MEM',
    passed: broken.length === 0,
    programsKilled: killed,
    requests: asked.length,
    requestsFailed: failed,
    largestAskedMiB: mib(largest),
    balloonMaximumMiB: mib(most),
    ticksJudged: judged.length,
    countedWrong: wrong.length,
    actualMiB: mibOrNull(last?.actual),
    libvirtSaysMiB: mib(heldBefore),
    pluggedMiB: mibOrNull(last?.virtioMem?.current),
    restoredMiB: mib(restored),
    hostReserveHeld: verdict.hostReserveHeld,
    ...others,
    changes: verdict.changes,
    ticks: ticks.length,
    broken,
  }
}

/** Bytes that libvirt says the guest has: its balloon and what is plugged. */
async function heldBy(uri: string, { domain }: Guest): Promise<number> {
  return Number(/Used memory:\s+(\d+) KiB/.exec(await virsh(uri, 'dominfo', domain))?.[1]) * 1_024
}

/** Whether the guest counts for what libvirt says that it has, to 1 MiB, and for what is on its way. */
function isAccountRight({ view }: Tick, guest: Guest, held: number): boolean {
  const memory = memoryOf(view, guest)!
  const { actual = 0, target = 0, rss = 0, virtioMem = { requested: 0, current: 0 } } = memory
  const owed = Math.max(0, virtioMem.requested - virtioMem.current)
  const expected = Math.max(actual, target) + owed + Math.max(domainOverhead, rss - actual)
  return Math.abs(actual - held) <= MiB && Math.abs(view.memory.committed - expected) <= MiB
}
