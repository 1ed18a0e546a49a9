import type { CpuSample } from '../../../lib/host/sample.ts'
import type { SimulatedHost } from '../../../lib/simulation/index.ts'

/** What happened from `begin` to `end`. */
export async function between(host: SimulatedHost, begin: number, end: number): Promise<CpuSample> {
  await host.clock.sleepUntil(begin)
  await host.sampleCpu()
  await host.clock.sleepUntil(end)
  return host.sampleCpu()
}
