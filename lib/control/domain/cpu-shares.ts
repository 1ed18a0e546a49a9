import { asBallastError, type BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { cgroupLastsFor } from './cpu-quota.ts'
import { RunCache } from './run-cache.ts'

/**
 * The `cpu_shares` of every domain: read when it starts, when they change, and now and then; undefined where the host has none.
 * `timeout` is how many milliseconds `follow` waits for them at most; what fails goes to `report`.
 */
export function cpuSharesCache(
  host: Host,
  timeout: number,
  report: (error: BallastError) => void,
): RunCache<number | undefined> {
  return new RunCache(host, {
    ask: async ({ uuid }) => {
      try {
        return await host.cpuShares(uuid)
      } catch (error) {
        const failure = asBallastError(error)
        if (failure.code === 'ERR_NOT_SUPPORTED') return undefined
        throw failure
      }
    },
    isChangedBy: ({ kind }) => kind === 'cpuShares',
    serveStale: false,
    lastsFor: cgroupLastsFor,
    timeout,
    report,
  })
}
