import type { CpuQuota } from '../../host/cpu-quota.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { RunCache } from './run-cache.ts'

/** Milliseconds after which what a cgroup says is read again: systemd and administrators write there without libvirt. */
export const cgroupLastsFor = 30_000

/** The quotas of every domain: read when it starts, when they change, and now and then. Parameters as of `cpuSharesCache`. */
export function cpuQuotaCache(
  host: Host,
  timeout: number,
  report: (error: BallastError) => void,
): RunCache<CpuQuota> {
  return new RunCache(host, {
    ask: ({ uuid }) => host.cpuQuota(uuid),
    isChangedBy: ({ kind }) => kind === 'cpuQuota',
    serveStale: true,
    lastsFor: cgroupLastsFor,
    timeout,
    report,
  })
}
