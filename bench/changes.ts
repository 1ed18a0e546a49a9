import { CpuSource } from '../lib/host/sample.ts'
import { connect } from '../lib/libvirt/connect.ts'
import type { Lab } from '../test/lab/lab.ts'
import { sampleCpu, timed } from './passes.ts'
import { type Spread, spreadOf } from './spread.ts'

/** Milliseconds of CPU samples that have threads to find. No limit applies: a set of domains changes rarely. */
export interface Changes {
  /** The first sample of a connection: the threads of all domains. */
  readonly firstSample: Spread
  /** The first after one domain came or went. */
  readonly oneChanged: Spread
}

const repeats = 5

/** Measures on a lab of so many domains; leaves as many. */
export async function measureChanges(lab: Lab, domains: number): Promise<Changes> {
  const first: number[] = []
  const changed: number[] = []
  for (let i = 0; i < repeats; i++) {
    await using host = await connect(lab.uri)
    const sample = (count: number) => timed(() => sampleCpu(host, CpuSource.schedstat, count))
    first.push(await sample(domains))
    const guest = await lab.start({ name: 'newcomer', kernel: false })
    changed.push(await sample(domains + 1))
    await guest.destroy()
    changed.push(await sample(domains))
  }
  return { firstSample: spreadOf(first), oneChanged: spreadOf(changed) }
}
