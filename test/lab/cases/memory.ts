import { shares } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { GiB, MiB } from '../../../lib/host/units.ts'
import { judgeMemory } from '../../../lib/report/verdict.ts'
import type { View } from '../../../lib/view/view.ts'
import type { Guest } from '../guest.ts'
import { type CaseOptions, type CaseResult, Stage, settled } from './case.ts'

const interval = 2_000
const start = 512 * MiB
const maximum = 2 * GiB
/** What the growing program takes in a second, as the classic one does. */
const growthMiB = 20
/** What the growing guest keeps free of its program in the end, and what an idle one keeps unused at least. */
const spare = 128 * MiB
/** What the QEMU of the growing guest may come to hold beside the guest's memory. */
const overheadGrowth = 160 * MiB
/** Quiet ticks at the end that show that all has come to rest, and ticks after which it is judged as it is. */
const quiet = 5
const mostTicks = { growing: 90, givingBack: 90 }

/**
 * Four guests of 512 MiB that may have 2 GiB. The program of the first grows to all that it can hold and then frees
 * all; the others are idle. The host reserve is such that it cannot grow unless the idle ones give.
 */
export async function M1(options: CaseOptions): Promise<CaseResult> {
  await using stage = await Stage.set(options)
  const size = { memoryMiB: start / MiB, maximumMiB: maximum / MiB }
  const names = ['aos_vm1', 'aos_vm2', 'aos_vm3', 'aos_vm4']
  const guests = await stage.lab.startAll(names.map((name) => ({ name, ...size })))
  await settled(guests, 0, 0.05)
  const grower = guests[0]!

  const before = await firstLook(stage)
  const hostReserve = chooseReserve(before, grower)
  const most = maximum - usedBy(before, grower) - spare
  options.log(`host reserve ${mib(hostReserve)} MiB; ${grower.name} will hold ${mib(most)} MiB`)

  const ticks: Tick[] = []
  let freedAt: number | undefined
  await grower.send(`grow ${growthMiB} 1 ${mib(most)}`)
  for await (const tick of stage.pilot({ interval, ballooning: shares(), hostReserve })) {
    ticks.push(tick)
    const { held, killed } = await grower.stat()
    options.log(`  ${sizes(tick.view)}; ${grower.name} holds ${mib(held)} MiB`)
    if (killed > 0) break
    if (freedAt === undefined) {
      if (ticks.length >= mostTicks.growing) break
      if (held < most - MiB) continue
      await grower.send(`mem -${maximum / MiB}`)
      freedAt = ticks.length
      continue
    }
    const restingSince = ticks.findLastIndex(({ outcomes }) => outcomes.length > 0)
    const isAtRest = ticks.length - 1 - Math.max(restingSince, freedAt) >= quiet
    if ((isAtRest && gaveBack(ticks, grower)) || ticks.length - freedAt >= mostTicks.givingBack) break
  }

  const programsLost: string[] = []
  for (const guest of guests) {
    const { killed, oomKills } = await guest.stat()
    if (killed + oomKills > 0) programsLost.push(guest.domain)
  }
  const verdict = judgeMemory(ticks, { growing: [grower.domain], programsLost })
  const grown = verdict.guests.find(({ name }) => name === grower.domain)
  const othersTook = Math.max(...ticks.map(({ view }) => usedByOthers(view))) - usedByOthers(before)
  const disturbed = othersTook >= spare
  const unfair = `the machine's other programs took ${mib(othersTook)} MiB meanwhile, which the guests then lacked`
  const donors = verdict.guests.filter(({ name }) => name !== grower.domain)
  return {
    case: 'M1',
    passed: verdict.passed,
    guestsHarmed: verdict.guestsHarmed,
    minimumUnusedMiB: verdict.minimumUnused === undefined ? null : mib(verdict.minimumUnused),
    hostReserveHeld: verdict.hostReserveHeld,
    reachedMaximum: grown?.reachedMaximum ?? false,
    gaveBack: grown?.gaveBack ?? false,
    highestMiB: grown?.highestActual === undefined ? null : mib(grown.highestActual),
    lastMiB: grown?.lastActual === undefined ? null : mib(grown.lastActual),
    idleLowestMiB: donors.map(({ lowestActual }) => (lowestActual === undefined ? null : mib(lowestActual))),
    leastBudgetLeftMiB: verdict.leastBudgetLeft === undefined ? null : mib(verdict.leastBudgetLeft),
    othersTookMiB: mib(othersTook),
    disturbed,
    changes: verdict.changes,
    ticks: ticks.length,
    broken: verdict.passed || !disturbed ? verdict.broken : [...verdict.broken, unfair],
  }
}

/** The host before anything is changed: every guest has its first size and has reported since it has it. */
async function firstLook(stage: Stage): Promise<View> {
  for await (const { view } of stage.pilot({ interval: 1_000, ticks: 60 })) {
    const isSettled = view.domains.every(({ memory: { hold, actual, available, unused } }) => {
      return hold === undefined && actual === start && available! <= start && unused! <= start
    })
    if (isSettled && view.domains.length > 0) return view
  }
  throw new Error('The guests do not tell their memory')
}

/** Bytes of the host that neither its guests hold nor anybody can have. */
function usedByOthers({ domains, memory }: View): number {
  return memory.total - memory.available! - domains.reduce((sum, domain) => sum + domain.memory.rss!, 0)
}

/**
 * So much that growth to the maximum takes a quarter of what the idle guests can give; the rest is for what the
 * machine's other programs may take meanwhile.
 */
function chooseReserve({ domains, memory }: View, grower: Guest): number {
  const givable = domains
    .filter(({ name }) => name !== grower.domain)
    .reduce((sum, { memory: { unused } }) => sum + Math.max(0, unused! - spare), 0)
  const room = maximum - start + overheadGrowth - givable / 4
  const resident = domains.reduce((sum, domain) => sum + domain.memory.rss!, 0)
  const promised = Math.max(0, memory.committed - resident)
  return Math.floor(Math.min(memory.total - memory.committed, memory.available! - promised) - room)
}

function usedBy({ domains }: View, guest: Guest): number {
  const { actual, unused } = domains.find(({ name }) => name === guest.domain)!.memory
  return actual! - unused!
}

function gaveBack(ticks: readonly Tick[], guest: Guest): boolean {
  const verdict = judgeMemory(ticks, { growing: [guest.domain], programsLost: [] })
  return verdict.guests.some(({ name, gaveBack }) => name === guest.domain && gaveBack)
}

function sizes({ domains }: View): string {
  return domains.map(({ memory: { actual, unused } }) => `${mib(actual ?? 0)}/${mib(unused ?? 0)}`).join(' ')
}

function mib(bytes: number): number {
  return Math.round(bytes / MiB)
}
