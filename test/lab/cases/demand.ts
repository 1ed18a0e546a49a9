import type { Tick } from '../../../lib/control/tick.ts'
import type { Load } from '../../../lib/simulation/index.ts'
import type { VcpuView, View } from '../../../lib/view/view.ts'
import type { Guest } from '../guest.ts'
import { interval, take } from './balance-run.ts'
import type { CaseResult, Stage } from './case.ts'
import { disturbanceOf, withExcuse } from './disturbance.ts'
import { calibrate, commandOf, corrected } from './load.ts'
import { recordingOf } from './record.ts'

/** Samples after which an estimate is judged. */
const samples = 10
/** Samples that a guest's usage is averaged over while it is alone, and those left out before: a backlog is done first. */
const watched = { left: 3, counted: 6 }
/** Points of a pCPU that an estimate may be off. */
const mostError = 10
/** Points between what the same guest used alone at two times on two pCPUs: with more, there is nothing to hold an estimate against. */
const mostChange = mostError / 2

const kinds: readonly { readonly kind: string; readonly load: Load }[] = [
  { kind: 'open loop', load: { kind: 'work', work: 17 } },
  { kind: 'open loop', load: { kind: 'work', work: 31 } },
  { kind: 'closed loop', load: { kind: 'loop', work: 8.5, sleep: 41.5 } },
  { kind: 'closed loop', load: { kind: 'loop', work: 25, sleep: 25 } },
  { kind: 'spinning', load: { kind: 'spin' } },
]

/**
 * The estimate of demand against the usage that each guest shows alone. All share pCPU 0, which is asked for twice what it
 * has, for ten samples; then each in turn has pCPU 1 to itself; then all are together again for ten samples; then all go to
 * pCPU 1, and each in turn has pCPU 0 to itself. What a guest wants is the mean of what it used alone before and after. The
 * first estimate of an open loop that has never been seen otherwise is told and not judged: counters cannot tell it
 * from a closed loop, and the interval that the estimate comes with has to say so.
 */
export async function DEMAND(stage: Stage): Promise<CaseResult> {
  const { options } = stage
  const [crowded, quiet] = [...stage.host.topology.online]
  if (quiet === undefined) throw new Error('With a single pCPU nobody can be alone')
  const guests = await stage.guests(kinds.length)
  const loads = kinds.map(({ load }) => load)
  // So that the crowd is as large as it is meant to be, however fast the machine is today.
  const takenAlone = await calibrate(stage.lab, guests, loads)
  const asked = loads.map((load) => commandOf(corrected(load, takenAlone(load))))
  await Promise.all(guests.map((guest, i) => place(guest, kinds[i]!, crowded!)))
  await Promise.all(guests.map((guest, i) => guest.send(asked[i]!)))

  const pilot = stage.pilot({ interval })
  const ticks: Tick[] = []
  const next = async (count: number) => {
    const taken = await take(pilot, (ticks) => ticks.length === count)
    ticks.push(...taken)
    return taken
  }
  const vcpuOf = ({ vcpus }: View, guest: number): VcpuView =>
    vcpus.find(({ domain }) => domain.name === guests[guest]!.domain)!
  /** What each guest uses while it alone is on `there`, and all the others where they all are. */
  const alone = async (there: number, here: number): Promise<number[]> => {
    const usages: number[] = []
    for (const [i, guest] of guests.entries()) {
      await place(guest, kinds[i]!, there)
      const seen = (await next(watched.left + watched.counted)).slice(watched.left)
      usages.push(mean(seen.map(({ view }) => vcpuOf(view, i).usage!)))
      options.log(`${guest.name}, ${kinds[i]!.kind}, uses ${percent(usages[i]!)} % alone on pCPU ${there}`)
      await place(guest, kinds[i]!, here)
    }
    return usages
  }
  let first: readonly Tick[]
  let usagesBefore: readonly number[]
  let again: Tick
  let usagesAfter: readonly number[]
  try {
    // The first of all has no usage yet, and the second may still have been moving.
    first = await next(2 + samples)
    usagesBefore = await alone(quiet, crowded!)
    again = (await next(1 + samples)).at(-1)!
    await Promise.all(guests.map((guest, i) => place(guest, kinds[i]!, quiet)))
    usagesAfter = await alone(crowded!, quiet)
  } finally {
    await pilot.return()
    await Promise.all(guests.map((guest) => guest.pinEmulator(`${stage.host.topology.online}`)))
  }

  const usages = usagesBefore.map((usage, i) => mean([usage, usagesAfter[i]!]))
  const domains = guests.map(({ domain }) => domain)
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
    const [early, late] = [first.at(-1)!, again].map(({ view }) => {
      const { demand, demandRange, usage, delay } = vcpuOf(view, i)
      return {
        estimate: percent(demand!),
        range: [percent(demandRange!.low), percent(demandRange!.high)] as const,
        usage: percent(usage!),
        delay: percent(delay!),
        error: percent(demand! - usages[i]!),
      }
    })
    return {
      kind,
      load: commandOf(load),
      alone: percent(usages[i]!),
      aloneBefore: percent(usagesBefore[i]!),
      aloneAfter: percent(usagesAfter[i]!),
      first: early!,
      again: late!,
    }
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
  const changed = results.filter(
    ({ aloneBefore, aloneAfter }) => Math.abs(aloneAfter - aloneBefore) > mostChange,
  )
  const others = disturbanceOf(ticks)
  const disturbance = { ...others, disturbed: others.disturbed || changed.length > 0 }
  const all = withExcuse(broken, disturbance)
  const told =
    broken.length === 0
      ? []
      : changed.map(
          ({ load, aloneBefore, aloneAfter }) => `${load} alone used ${aloneBefore} %, later ${aloneAfter} %`,
        )
  return {
    case: 'DEMAND',
    passed: all.length === 0,
    guests: results,
    ...disturbance,
    broken: [...all, ...told],
  }
}

/**
 * Pins a guest's vCPU; and where its estimate rests on how long it sleeps, its QEMU's own thread with it. Where a guest is
 * emulated in software that thread is its timer, and holds the lock that the vCPU needs: on another pCPU it works beside
 * the vCPU, which then has to wait in the crowd once more even while its guest sleeps. Measured: by
 * `usage / (1 - delay)` 65 % of a loop of 53 %, and 54 % so.
 */
async function place(guest: Guest, { kind }: (typeof kinds)[number], pcpu: number): Promise<void> {
  await Promise.all([guest.pin(`${pcpu}`), ...(kind === 'closed loop' ? [guest.pinEmulator(`${pcpu}`)] : [])])
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(fraction: number): number {
  return Number((100 * fraction).toFixed(1))
}
