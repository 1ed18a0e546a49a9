import { type AutopilotOptions, autopilot } from '../control/autopilot.ts'
import { hostMemoryReserve } from '../control/defaults.ts'
import { type HostToll, simulate } from '../simulation/index.ts'
import { type Cost, CpuCost, memoryCost } from './cost.ts'
import { type FiguresRecord, HostFigures } from './host-figures.ts'
import type { FittedLoad } from './load.ts'

/** What a load was played with. */
export type Pilot = Omit<AutopilotOptions, 'journal' | 'signal' | 'ticks'>

/** How a load went under some policies, on a simulated host. */
export interface Played {
  readonly figures: FiguresRecord
  /** Milliseconds that programs waited for memory, and what else is known of a simulated host alone. */
  readonly toll: HostToll
  readonly cost: { readonly cpu: Cost; readonly memory: Cost }
  /** What the loop reported as failed, once for each message. */
  readonly errors: readonly string[]
}

export interface PlayOptions {
  readonly signal?: AbortSignal | undefined
  /** Ticks at the beginning that figures and costs leave out. Default 0. */
  readonly settling?: number | undefined
  /** Called after each tick with how many there were. */
  readonly progress?: ((ticks: number) => void) | undefined
}

/** How many ticks of this interval a load is long. */
export function ticksOf({ ticks, interval }: FittedLoad, milliseconds: number): number {
  return Math.floor(((ticks - 1) * interval) / milliseconds + 1e-6) + 1
}

/**
 * Plays a load under these policies on a simulated host, as fast as it can be worked out. Rejects with the reason of
 * `signal`.
 */
export async function play(
  load: FittedLoad,
  pilot: Pilot,
  { signal, settling = 0, progress }: PlayOptions = {},
): Promise<Played> {
  const { scenario, lead, hostMemory } = load
  const { interval } = pilot
  const ticks = ticksOf(load, interval)
  await using host = simulate(scenario)
  await host.clock.sleepUntil(lead)
  const figures = new HostFigures()
  const cpu = new CpuCost()
  const errors = new Set<string>()
  // What is left to the host is left to the host as it was, whatever its own programs hold.
  const reserve = pilot.hostMemoryReserve ?? hostMemoryReserve(hostMemory)
  const options = { ...pilot, hostMemoryReserve: reserve, ticks }
  for await (const tick of autopilot(host, options)) {
    signal?.throwIfAborted()
    for (const { message } of tick.errors) errors.add(message)
    if (figures.ticks === 0 && tick.index < settling) continue
    const applied = tick.outcomes.flatMap(({ action, status }) => (status === 'applied' ? [action] : []))
    if (tick.cause === 'interval') {
      figures.take(tick.view, applied)
      cpu.take(tick.view, host, applied)
      progress?.(tick.index + 1)
    } else figures.changed(applied)
  }
  const { toll } = host
  return {
    figures: figures.record(),
    toll,
    cost: { cpu: cpu.value, memory: memoryCost(toll) },
    errors: [...errors],
  }
}
