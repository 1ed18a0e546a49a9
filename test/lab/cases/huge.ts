import { shares } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { DomainView, View } from '../../../lib/view/view.ts'
import { judgeMemory } from '../../support/verdict.ts'
import type { Guest } from '../guest.ts'
import { HugePagePool } from '../huge-page-pool.ts'
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
  sizes,
  spare,
  usedBy,
  withExcuse,
} from './memory-host.ts'

const interval = 2_000
const onHugePages = 512 * MiB
const start = 512 * MiB
const maximum = 1_024 * MiB
const growthMiB = 20
/** Ticks after which it is judged as it is; after growth some more show that all stays as it is. */
const mostTicks = 60
const watched = 5

/**
 * A guest on huge pages beside one of 512 MiB that may have 1 GiB and grows to all that it can hold. The host has room for
 * that, and would have none if the memory on huge pages were still to come out of ordinary memory.
 */
export async function HUGE(stage: Stage): Promise<CaseResult> {
  const { options } = stage
  await using _ = await HugePagePool.make(onHugePages)
  const [huge, grower] = (await stage.fresh([
    {
      name: 'aos_vm1',
      memoryMiB: mib(onHugePages),
      backing: "<hugepages><page size='2048' unit='KiB'/></hugepages><source type='memfd'/>",
    },
    { name: 'aos_vm2', memoryMiB: mib(start), maximumMiB: mib(maximum) },
  ])) as [Guest, Guest]
  const before = await firstLook(stage, (domain) =>
    domain.name === huge.domain ? domain.memory.rss !== undefined : isAtRest(domain),
  )
  const most = maximum - usedBy(before, grower) - spare
  const hostMemoryReserve = reserveWithRoomFor(before, grower)
  options.log(`host reserve ${mib(hostMemoryReserve)} MiB; the program will hold ${mib(most)} MiB`)

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

  const stats = await Promise.all([huge, grower].map((guest) => guest.stat()))
  const lost = [huge, grower].filter((_, i) => stats[i]!.killed + stats[i]!.oomKills > 0)
  const programsLost = lost.map(({ domain }) => domain)
  const verdict = judgeMemory(ticks, { growing: [grower.domain], programsLost, leastUnused: 0 })
  const reached = verdict.guests.find(({ name }) => name === grower.domain)
  const wrongBooks = ticks.filter(({ view }) => !areBooksRight(view, huge, grower)).length
  const asked = ticks.flatMap(({ outcomes }) =>
    outcomes.filter(({ action }) => action.domain === huge.domain),
  )
  const reason = ticks
    .at(-1)!
    .skipped.find(({ domain, what }) => domain === huge.domain && what === 'memory')?.reason
  const pools = ticks.at(-1)!.view.memory.hugePages ?? []
  const others = figuresOfOthers(
    before,
    ticks.map(({ view }) => view),
  )
  const broken = withExcuse(
    [
      ...lost.map(({ name }) => `${name} lost a program`),
      ...(grown === undefined ? [`${grower.name} never held all that it was to`] : []),
      ...(reached?.reachedMaximum ? [] : [`${grower.name} never reached its maximum`]),
      ...(wrongBooks > 0 ? [`in ${wrongBooks} ticks the committed memory was wrong`] : []),
      ...(verdict.hostReserveHeld ? [] : ['the host reserve did not hold']),
      ...(asked.length > 0 ? [`${huge.name} was asked ${asked.length} times`] : []),
      ...(reason?.kind === 'pinned-memory' && reason.by === 'huge pages'
        ? []
        : [`of ${huge.name} was said: ${reason?.kind}`]),
    ],
    others,
  )
  return {
    case: 'HUGE',
    passed: broken.length === 0,
    programsKilled: lost.length,
    wrongBooks,
    hostReserveHeld: verdict.hostReserveHeld,
    leastBudgetLeftMiB: mibOrNull(verdict.leastBudgetLeft),
    hugeRssMiB: mibOrNull(memoryOf(ticks.at(-1)!.view, huge)?.rss),
    hugePagesMiB: mibOrNull(memoryOf(ticks.at(-1)!.view, huge)?.hugePages),
    poolMiB: mib(pools.reduce((sum, { total }) => sum + total, 0)),
    poolFreeMiB: mib(pools.reduce((sum, { free = 0 }) => sum + free, 0)),
    highestMiB: mibOrNull(reached?.highestActual),
    reachedMaximum: reached?.reachedMaximum ?? false,
    ...others,
    changes: verdict.changes,
    ticks: ticks.length,
    broken,
  }
}

/**
 * The reserve with which the growing guest can come to its maximum and little more, by what the kernel says is available:
 * what it has already and did not touch yet is to come out of that too.
 */
function reserveWithRoomFor(view: View, grower: Guest): number {
  const { actual = 0, rss = 0 } = memoryOf(view, grower)!
  const toCome = actual + Math.max(domainOverhead, rss - actual) - rss
  return Math.floor(view.memory.available! - toCome - (maximum - start) - overheadGrowth - spare)
}

/** Whether the guest on huge pages counts for its QEMU alone, the other for all that it has, and the pool for nothing. */
function areBooksRight(view: View, huge: Guest, grower: Guest): boolean {
  const { committed, budget, total, reserve, hugePages = [] } = view.memory
  const own = (guest: Guest): DomainView['memory'] => memoryOf(view, guest)!
  const { actual = 0, target = 0, rss = 0 } = own(grower)
  const expected =
    Math.max(domainOverhead, own(huge).rss ?? 0) +
    Math.max(actual, target) +
    Math.max(domainOverhead, rss - actual)
  const pool = hugePages.reduce((sum, one) => sum + one.total, 0)
  return (
    Math.abs(committed - expected) < MiB &&
    committed <= budget &&
    pool >= onHugePages &&
    total + pool === view.topology.memory &&
    budget === total - reserve
  )
}
