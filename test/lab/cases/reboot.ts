import { shares } from '../../../lib/ballooning/index.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import { judgeMemory } from '../../support/verdict.ts'
import type { Guest } from '../guest.ts'
import type { CaseResult, Stage } from './case.ts'
import {
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
const start = 512 * MiB
const maximum = 1_024 * MiB
const growthMiB = 20
/** Tick of the reboot, ticks at most, and those for which it goes on once both guests are as they are to be. */
const rebootTick = 4
const mostTicks = 120
const watched = 5
/** Ticks after which a guest has reported what its program freed. */
const reportingTicks = 4

/**
 * Two guests with half of what they may have. One reboots, and has all of its memory until its driver is up, while QEMU says
 * half and may go on telling its last report; the other grows meanwhile to all that it can hold.
 */
export async function REBOOT(stage: Stage): Promise<CaseResult> {
  const { host, options } = stage
  const size = { memoryMiB: mib(start), maximumMiB: mib(maximum) }
  const [rebooter, grower] = (await stage.fresh([
    { name: 'aos_vm1', ...size, reboots: true },
    { name: 'aos_vm2', ...size },
  ])) as [Guest, Guest]
  const before = await firstLook(stage)
  const most = maximum - usedBy(before, grower) - spare
  const hostMemoryReserve = reserveFor(before, 2 * (maximum - start) + overheadGrowth + spare)
  options.log(`host reserve ${mib(hostMemoryReserve)} MiB; the program will hold ${mib(most)} MiB`)

  const journal = memoryJournal()
  const ticks: Tick[] = []
  let rebootedAt: number | undefined
  let answeredAt: number | undefined
  let toldHalf = 0
  let grown: number | undefined
  for await (const tick of stage.pilot({ interval, ballooning: shares(), hostMemoryReserve, journal })) {
    const now = ticks.push(tick)
    options.log(`  ${sizes(tick.view)} ${memoryOf(tick.view, rebooter)?.hold ?? ''}`)
    if (now === rebootTick) {
      await rebooter.reboot()
      rebootedAt = Date.now()
      void rebooter.ready().then(() => {
        answeredAt = Date.now()
      })
      await grower.send(`grow ${growthMiB} 1 ${mib(most)}`)
    }
    if (rebootedAt !== undefined && answeredAt === undefined) {
      const sample = await host.sampleMemory()
      const row = sample.domains.findIndex(({ name }) => name === rebooter.domain)
      if (sample.actual[row]! < maximum) toldHalf++
    }
    const stat = await grower.stat()
    if (stat.held >= most - MiB) grown ??= now
    const isBack = answeredAt !== undefined && memoryOf(tick.view, rebooter)?.hold === undefined
    const isDone = grown !== undefined && isBack && now >= grown + watched
    if (stat.killed > 0 || now >= mostTicks || isDone) break
  }

  const whileBooting = ticks.filter(({ wallTime }) => {
    return (
      rebootedAt !== undefined && wallTime > rebootedAt && wallTime < (answeredAt ?? Number.POSITIVE_INFINITY)
    )
  })
  const decidedOnOld = whileBooting.filter(({ plan }) =>
    plan.some(({ domain }) => domain === rebooter.domain),
  )
  const wrongAccount = whileBooting.filter(({ view }) => memoryOf(view, rebooter)?.actual !== maximum)
  const { killed } = await grower.stat()
  const programsLost = killed > 0 ? [grower.domain] : []
  const verdict = judgeMemory(ticks, { growing: [grower.domain], programsLost, leastUnused: 0 })
  const backAfter = ticks.find(
    ({ wallTime, view }) =>
      wallTime > (answeredAt ?? Number.POSITIVE_INFINITY) && !memoryOf(view, rebooter)?.hold,
  )
  // What it holds now would not fit into what it had.
  await grower.send(`mem -${mib(maximum)}`)
  for await (const _ of stage.watch({ interval, ticks: reportingTicks }));
  const report = await restore(host, journal)
  const restored = (await host.sampleMemory()).actual
  const others = figuresOfOthers(
    before,
    ticks.map(({ view }) => view),
  )
  const broken = withExcuse(
    [
      ...(whileBooting.length > 0 ? [] : ['no tick while it booted']),
      ...(decidedOnOld.length === 0 ? [] : [`${decidedOnOld.length} ticks decided on what it told before`]),
      ...(wrongAccount.length === 0
        ? []
        : [`in ${wrongAccount.length} ticks it did not count for all of its memory`]),
      ...(backAfter ? [] : ['it was not managed again']),
      ...(killed > 0 ? [`${grower.name} lost a program`] : []),
      ...(grown === undefined ? [`${grower.name} never held all that it was to`] : []),
      ...(verdict.hostReserveHeld ? [] : ['the host reserve did not hold']),
      ...(report.notRestored.length === 0 ? [] : [`${report.notRestored.length} settings were not restored`]),
    ],
    others,
  )
  return {
    case: 'REBOOT',
    passed: broken.length === 0,
    bootSeconds: answeredAt === undefined ? null : Math.round((answeredAt - rebootedAt!) / 100) / 10,
    ticksWhileBooting: whileBooting.length,
    samplesThatToldHalf: toldHalf,
    decidedOnOld: decidedOnOld.length,
    wrongAccount: wrongAccount.length,
    managedAgainSeconds: backAfter ? Math.round((backAfter.wallTime - answeredAt!) / 100) / 10 : null,
    programsKilled: killed,
    highestMiB: mibOrNull(verdict.guests.find(({ name }) => name === grower.domain)?.highestActual),
    hostReserveHeld: verdict.hostReserveHeld,
    leastBudgetLeftMiB: mibOrNull(verdict.leastBudgetLeft),
    restoredMiB: Array.from(restored, mib),
    ...others,
    changes: verdict.changes,
    ticks: ticks.length,
    broken,
  }
}
