import { shares } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { DomainView } from '../../../lib/view/view.ts'
import { judgeMemory } from '../../support/verdict.ts'
import type { Guest } from '../guest.ts'
import type { CaseResult, Stage } from './case.ts'
import {
  domainOverhead,
  figuresOfOthers,
  firstLook,
  isAtRest,
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

const interval = 2_000
const start = 512 * MiB
const maximum = 1_024 * MiB
const growthMiB = 20
const leastUnused = 100 * MiB
/** Ticks after which it is judged as it is; after growth some more show that all stays as it is. */
const mostTicks = 60
const watched = 5

/**
 * Three guests of 512 MiB that may have 1 GiB. The second has no driver for its balloon and holds all of it from the start; the
 * first grows to all that it can hold, which takes half of what the third can give. The books have to be right in
 * every tick: the second counts with what it really has, is left alone and told of.
 */
export async function REFUSE(stage: Stage): Promise<CaseResult> {
  const { options } = stage
  const size = { memoryMiB: mib(start), maximumMiB: mib(maximum) }
  const [grower, refuser, idle] = (await stage.fresh([
    { name: 'aos_vm1', ...size },
    { name: 'aos_vm2', ...size, balloonDriver: false },
    { name: 'aos_vm3', ...size },
  ])) as [Guest, Guest, Guest]
  const before = await firstLook(stage, (domain) =>
    domain.name === refuser.domain ? domain.memory.actual !== undefined : isAtRest(domain),
  )
  const most = maximum - usedBy(before, grower) - spare
  const lacking = (start - usedBy(before, idle) - spare) / 2
  const hostMemoryReserve = reserveFor(before, maximum - start + overheadGrowth - lacking)
  const { total } = await refuser.stat()
  options.log(`host reserve ${mib(hostMemoryReserve)} MiB; ${refuser.name} sees ${mib(total)} MiB`)

  const ticks: Tick[] = []
  let grown: number | undefined
  let killed = false
  await grower.send(`grow ${growthMiB} 1 ${mib(most)}`)
  for await (const tick of stage.pilot({ interval, ballooning: shares(), hostMemoryReserve })) {
    const now = ticks.push(tick)
    const stat = await grower.stat()
    options.log(`  ${sizes(tick.view)}; ${grower.name} holds ${mib(stat.held)} MiB`)
    killed = stat.killed > 0
    if (stat.held >= most - MiB) grown ??= now
    if (killed || now >= mostTicks || (grown !== undefined && now >= grown + watched)) break
  }

  const stats = await Promise.all([grower, refuser, idle].map((guest) => guest.stat()))
  const lost = [grower, refuser, idle].filter((_, i) => stats[i]!.killed + stats[i]!.oomKills > 0)
  const programsLost = lost.map(({ domain }) => domain)
  const verdict = judgeMemory(ticks, { growing: [grower.domain, refuser.domain], programsLost, leastUnused })
  const judged = ({ domain }: Guest) => verdict.guests.find(({ name }) => name === domain)
  const wrongBooks = ticks.filter((tick) => !areBooksRight(tick, refuser, total)).length
  const asked = ticks.flatMap(({ outcomes }) => outcomes.filter(({ action }) => action.kind === 'setMemory'))
  const refuserId = before.domains.find(({ name }) => name === refuser.domain)!.uuid
  const refuserAsked = asked.filter(({ action }) => action.uuid === refuserId).length
  const reasons = ticks.map(({ skipped }) => {
    return skipped.find(({ uuid, what }) => uuid === refuserId && what === 'memory')?.reason
  })
  const untold = reasons.filter((one) => one === undefined).length
  const reason = reasons.at(-1)
  const given = start - (judged(idle)?.lowestActual ?? start)
  const minimumUnused = verdict.minimumUnused
  const others = figuresOfOthers(
    before,
    ticks.map(({ view }) => view),
  )
  const broken = withExcuse(
    [
      ...lost.map(({ name }) => `${name} lost a program`),
      ...(grown === undefined ? [`${grower.name} never held all that it was to`] : []),
      ...(judged(grower)?.reachedMaximum ? [] : [`${grower.name} never reached its maximum`]),
      ...(wrongBooks > 0 ? [`in ${wrongBooks} ticks the books were wrong`] : []),
      ...(verdict.hostReserveHeld ? [] : ['the host reserve did not hold']),
      ...(refuserAsked > 0 ? [`${refuser.name} was asked ${refuserAsked} times`] : []),
      ...(untold > 0 ? [`in ${untold} ticks nothing was said of ${refuser.name}`] : []),
      ...(reason?.kind === 'no-balloon-driver' ? [] : [`of ${refuser.name} was said: ${reason?.kind}`]),
      ...(given > 0 || others.othersFreedMiB >= mib(lacking) ? [] : [`${idle.name} gave nothing`]),
      ...(minimumUnused !== undefined && minimumUnused >= leastUnused
        ? []
        : ['an idle guest had too little']),
    ],
    others,
  )
  return {
    case: 'REFUSE',
    passed: broken.length === 0,
    programsKilled: lost.length,
    wrongBooks,
    hostReserveHeld: verdict.hostReserveHeld,
    leastBudgetLeftMiB: mibOrNull(verdict.leastBudgetLeft),
    refuserMiB: mibOrNull(judged(refuser)?.lastActual),
    refuserAsked,
    refuserLeftAlone: reason?.kind ?? null,
    reachedMaximum: judged(grower)?.reachedMaximum ?? false,
    givenMiB: mib(given),
    lackingMiB: mib(lacking),
    minimumUnusedMiB: mibOrNull(minimumUnused),
    ...others,
    changes: verdict.changes,
    ticks: ticks.length,
    broken,
  }
}

/**
 * Whether every domain counts for all that it has or may take, the refuser with no less than the memory that its own kernel
 * sees, and no more was given than there is.
 */
function areBooksRight({ view }: Tick, refuser: Guest, total: number): boolean {
  const { committed, budget, available = 0, reserve } = view.memory
  const counted = view.domains.reduce((sum, domain) => sum + leastCount(domain), 0)
  const { actual = 0, target } = memoryOf(view, refuser)!
  return (
    committed >= counted &&
    committed <= budget &&
    available >= reserve &&
    actual >= total &&
    (target === undefined || target === actual)
  )
}

function leastCount({ memory: { actual, target, maximum, rss } }: DomainView): number {
  const balloon = Math.max(actual ?? maximum ?? 0, target ?? 0)
  return Math.max(balloon + domainOverhead, rss ?? 0)
}
