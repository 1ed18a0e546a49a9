import { asBallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { RunCache } from './run-cache.ts'

/**
 * The `cpu_shares` of every domain: read when it starts and when they change; undefined where the host has none.
 * `patience` is how many milliseconds a look waits for them at most.
 */
export function cpuSharesCache(host: Host, patience: number): RunCache<number | undefined> {
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
    timeout: patience,
  })
}
