import type { DomainTraits } from '../../host/domain-traits.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { RunCache } from './run-cache.ts'

/** What every domain is made of: read once for each run of it, and when a device has changed. */
export function traitsCache(
  host: Host,
  timeout: number,
  report: (error: BallastError) => void,
): RunCache<DomainTraits> {
  return new RunCache(host, {
    ask: ({ uuid }) => host.domainTraits(uuid),
    isChangedBy: ({ kind }) => kind === 'device',
    serveStale: true,
    timeout,
    report,
  })
}
