import type { Load } from '../../../lib/simulation/index.ts'
import type { Guest } from '../guest.ts'
import type { Lab } from '../lab.ts'
import { until } from '../processes.ts'
import { demands, settled } from './case.ts'

/** Milliseconds that a load is watched alone. */
const watched = 3_000
/** Milliseconds between the pieces of work of an open loop. */
const period = 100

/** What a guest of the lab is told so that it begins a load; the commands are listed in test/lab/guest/agent.c. */
export function commandOf(load: Load): string {
  switch (load.kind) {
    case 'loop':
      return `loop ${load.work} ${load.sleep}`
    case 'work':
      return `work ${load.work}`
    default:
      return load.kind
  }
}

/** Fraction of one pCPU that a load is meant to take alone. */
export function intended(load: Load): number {
  switch (load.kind) {
    case 'loop':
      return load.work / (load.work + load.sleep)
    case 'work':
      return load.work / period
    default:
      return load.kind === 'spin' ? 1 : 0
  }
}

/** By lab, fraction of one pCPU that a command's load takes there. */
const calibrated = new WeakMap<Lab, Map<string, number>>()

/**
 * Fraction of one pCPU that each of these loads really takes, tried on one guest after the other while all else is
 * idle: what a millisecond of work costs an emulated guest, with its interrupts, only a measurement tells. Measured
 * once for each lab. What an idle guest takes counts as nothing.
 */
export async function calibrate(
  lab: Lab,
  guests: readonly Guest[],
  loads: readonly Load[],
): Promise<(load: Load) => number> {
  const known = calibrated.get(lab) ?? new Map([['idle', 0]])
  calibrated.set(lab, known)
  const guest = guests[0]!
  for (const load of loads) {
    if (known.has(commandOf(load))) continue
    await start([guest], [load])
    known.set(commandOf(load), Math.min(1, (await demands([guest], watched))[0]!))
    await guest.send('idle')
  }
  await settled(guests, 0, 0.05)
  return (load) => known.get(commandOf(load))!
}

/** Begins a load on each guest, and waits until all of them show it. */
export async function start(guests: readonly Guest[], loads: readonly Load[]): Promise<void> {
  await Promise.all(guests.map((guest, i) => guest.send(commandOf(loads[i]!))))
  const wanted = loads.map(intended)
  await until('all guests show their load', 120_000, async () =>
    (await demands(guests)).every(
      (demand, i) => demand >= 0.6 * wanted[i]! && demand <= 1.7 * wanted[i]! + 0.05,
    ),
  )
}

/** What to ask a guest for so that it takes alone what `load` is meant to, of which it was measured to take `alone`. */
export function corrected(load: Load, alone: number): Load {
  const measured = asMeasured(load, alone)
  if (!('work' in load && 'work' in measured)) return load
  return { ...load, work: Number((load.work ** 2 / measured.work).toFixed(2)) }
}

/** The load of the simulated host that takes as much alone as was measured. */
export function asMeasured(load: Load, alone: number): Load {
  switch (load.kind) {
    case 'loop':
      return { ...load, work: (alone * load.sleep) / (1 - alone) }
    case 'work':
      return { ...load, work: alone * period }
    default:
      return load
  }
}
