import type { Tick } from '../../../lib/control/tick.ts'
import type { Load } from '../../../lib/simulation/index.ts'
import type { VcpuView, View } from '../../../lib/view/view.ts'
import { interval, take } from './balance-run.ts'
import { type CaseOptions, type CaseResult, Stage } from './case.ts'
import { disturbanceOf, withExcuse } from './disturbance.ts'
import { commandOf } from './load.ts'
import { recordingOf } from './record.ts'

/** Samples after which an estimate is judged. */
const samples = 10
/** Samples that a guest's usage is averaged over while it is alone, and those left out before: a backlog is done first. */
const alone = { left: 3, counted: 6 }
/** Points of a pCPU that an estimate may be off. */
const mostError = 10

const kinds: readonly { readonly kind: string; readonly load: Load }[] = [
  { kind: 'open loop', load: { kind: 'work', work: 17 } },
  { kind: 'open loop', load: { kind: 'work', work: 31 } },
  { kind: 'closed loop', load: { kind: 'loop', work: 8.5, sleep: 41.5 } },
  { kind: 'closed loop', load: { kind: 'loop', work: 25, sleep: 25 } },
  { kind: 'spinning', load: { kind: 'spin' } },
]

/**
 * The estimate of demand against the usage that each guest shows alone. All share pCPU 0, which is asked for twice what it
 * has, for ten samples; then each in turn has pCPU 1 to itself; then all are together again for ten samples. The
 * first estimate of an open loop that has never been seen otherwise is told and not judged: counters cannot tell it
 * from a closed loop, and the interval that the estimate comes with has to say so.
 */
export async function DEMAND(options: CaseOptions): Promise<CaseResult> {
  await using stage = await Stage.set(options)
  const [crowded, quiet] = [...stage.host.topology.online]
  if (quiet === undefined) throw new Error('With a single pCPU nobody can be alone')
  const guests = await stage.guests(kinds.length)
  await Promise.all(guests.map((guest) => guest.pin(`${crowded}`)))
  await Promise.all(guests.map((guest, i) => guest.send(commandOf(kinds[i]!.load))))

  const pilot = stage.pilot({ interval })
  const ticks: Tick[] = []
  const next = async (count: number) => {
    const taken = await take(pilot, (ticks) => ticks.length === count)
    ticks.push(...taken)
    return taken
  }
  const vcpuOf = ({ vcpus }: View, guest: number): VcpuView =>
    vcpus.find(({ domain }) => domain.name === guests[guest]!.domain)!
  const usages: number[] = []
  let first: readonly Tick[]
  try {
    // The first of all has no usage yet, and the second may still have been moving.
    first = await next(2 + samples)
    for (const [i, guest] of guests.entries()) {
      await guest.pin(`${quiet}`)
      const seen = (await next(alone.left + alone.counted)).slice(alone.left)
      usages.push(mean(seen.map(({ view }) => vcpuOf(view, i).usage!)))
      options.log(`${guest.name}, ${kinds[i]!.kind}, uses ${percent(usages[i]!)} % alone`)
      await guest.pin(`${crowded}`)
    }
    await next(1 + samples)
  } finally {
    await pilot.return()
  }

  const domains = guests.map(({ domain }) => domain)
  const loads = kinds.map(({ load }) => load)
  const affinities = guests.map(() => `${crowded}`)
  const usedAlone = (load: Load) => usages[loads.indexOf(load)]!
  options.record?.(
    recordingOf({
      name: 'DEMAND',
      policy: 'none',
      stage,
      loads,
      domains,
      affinities,
      alone: usedAlone,
      ticks: first,
    }),
  )

  const results = kinds.map(({ kind, load }, i) => {
    const estimates = [first, ticks].map((ticks) => vcpuOf(ticks.at(-1)!.view, i))
    const [early, late] = estimates.map(({ demand, demandRange, usage, delay }) => ({
      estimate: percent(demand!),
      range: [percent(demandRange!.low), percent(demandRange!.high)] as const,
      usage: percent(usage!),
      delay: percent(delay!),
      error: Number((100 * (demand! - usages[i]!)).toFixed(1)),
    }))
    return { kind, load: commandOf(load), alone: percent(usages[i]!), first: early!, again: late! }
  })
  const broken = results.flatMap(({ load, kind, alone, first, again }) => [
    ...(Math.abs(again.error) <= mostError ? [] : [`${load}: off by ${again.error} points`]),
    ...(kind === 'open loop' || Math.abs(first.error) <= mostError
      ? []
      : [`${load}: off by ${first.error} points at first`]),
    ...(first.range[0] <= alone + mostError && first.range[1] >= alone - mostError
      ? []
      : [`${load}: ${alone} % is not in the first interval`]),
  ])
  const others = disturbanceOf(ticks)
  const all = withExcuse(broken, others)
  return { case: 'DEMAND', passed: all.length === 0, guests: results, ...others, broken: all }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(fraction: number): number {
  return Number((100 * fraction).toFixed(1))
}
