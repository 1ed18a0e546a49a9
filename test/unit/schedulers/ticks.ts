import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Host } from '../../../lib/host/host.ts'

/** All Ticks of a run that ends by itself. */
export async function ticksOf(
  host: Host,
  options: AutopilotOptions & { readonly ticks: number },
): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, options)) ticks.push(tick)
  return ticks
}
