import type { Host } from '../lib/host/host.ts'
import { CpuSource, MemoryStatus } from '../lib/host/sample.ts'
import type { Peer } from './peer.ts'
import type { Pass } from './turns.ts'

/** All that is measured side by side. */
export const passNames = [
  'rawVcpu',
  'rawFull',
  'pythonVcpu',
  'pythonFull',
  'cpuProc',
  'cpuLibvirt',
  'full',
] as const
export type PassName = (typeof passNames)[number]

/** Clients of one host, each with connections of its own. */
export interface Clients {
  readonly rawC: Peer
  readonly python: Peer
  /** Takes CPU samples from /proc. */
  readonly host: Host
  /** Takes them through libvirt's calls. */
  readonly remote: Host
}

/** The passes over the host's `domains`; each rejects unless all of them could be read. */
export function passesOver({ rawC, python, host, remote }: Clients, domains: number): Record<PassName, Pass> {
  return {
    rawVcpu: () => rawC.pass('vcpu', domains),
    rawFull: () => rawC.pass('full', domains),
    pythonVcpu: () => python.pass('vcpu', domains),
    pythonFull: () => python.pass('full', domains),
    cpuProc: () => timed(() => sampleCpu(host, CpuSource.schedstat, domains)),
    cpuLibvirt: () => timed(() => sampleCpu(remote, CpuSource.libvirt, domains)),
    full: () => timed(() => sampleFull(host, domains)),
  }
}

/** CPU and memory side by side, as the control loop samples. */
export async function sampleFull(host: Host, domains: number): Promise<void> {
  await Promise.all([sampleCpu(host, CpuSource.schedstat, domains), sampleMemory(host, domains)])
}

/** Rejects unless the vCPUs of so many domains were read from `source`. */
export async function sampleCpu(host: Host, source: CpuSource, domains: number): Promise<void> {
  const sample = await host.sampleCpu()
  assertWhole('CPU', sample.source, source, domains)
}

async function sampleMemory(host: Host, domains: number): Promise<void> {
  const sample = await host.sampleMemory()
  assertWhole('memory', sample.status, MemoryStatus.fresh, domains)
}

function assertWhole(what: string, rows: Uint8Array, expected: number, domains: number): void {
  const read = rows.filter((row) => row === expected).length
  if (read === domains && rows.length === domains) return
  throw new Error(`The ${what} sample has ${read} of ${domains} domains as it should (${rows.length} rows)`)
}

/** Milliseconds that a piece of work took. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const begun = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - begun) / 1e6
}
