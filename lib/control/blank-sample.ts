import type { Clock } from '../host/host.ts'
import type { CpuSample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'

/** A CPU sample of a host of which nothing is known: what a loop sees before its first sample succeeds. */
export function blankCpuSample({ cpuCount }: Topology, clock: Clock): CpuSample {
  return {
    domains: [],
    time: clock.now(),
    interval: Number.NaN,
    state: new Uint8Array(),
    source: new Uint8Array(),
    vcpuStart: new Uint32Array(1),
    vcpu: new Uint32Array(),
    usage: new Float64Array(),
    delay: new Float64Array(),
    pcpu: new Int32Array(),
    affinityWords: Math.ceil(cpuCount / 32),
    affinity: new Uint32Array(),
    pcpuBusy: new Float64Array(cpuCount).fill(Number.NaN),
  }
}
