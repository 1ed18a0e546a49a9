import type { Server } from 'node:http'
import { resolve } from 'node:path'
import { type MetricsConfig, type TickMetrics, tickMetrics } from '../../report/metrics/tick-metrics.ts'
import { addressText, type ListenAddress } from '../http/address.ts'
import { closed } from '../http/bounded-server.ts'
import { listen } from '../http/listen.ts'
import { metricsServer } from './server.ts'

/** Milliseconds that a tick may take beyond three intervals before `/health` calls the loop stale. */
const patience = 10_000

/** Metrics of a run, served at one or more addresses until disposed of. */
export interface ServedMetrics extends AsyncDisposable {
  readonly metrics: TickMetrics
  /** The loop is run with this from now on. */
  configure(config: MetricsConfig): void
  /** Where they are, as one writes it: the port is the one that the kernel chose. */
  readonly addresses: readonly string[]
}

/**
 * Serves metrics at each address. Rejects with `ERR_LISTEN` when one of them cannot be had, and serves none then; `report` is
 * told what goes wrong later, such as that there are no file descriptors left.
 */
export async function serveMetrics(
  addresses: readonly ListenAddress[],
  config: MetricsConfig,
  report: (problem: string) => void,
): Promise<ServedMetrics> {
  const metrics = await tickMetrics(config)
  let { interval } = config
  const servers: Server[] = []
  const end = async () => {
    await Promise.all(servers.map(closed))
  }
  const source = { metrics, staleAfter: () => 3 * interval + patience }
  const served: string[] = []
  try {
    for (const address of addresses) {
      const own = address.kind === 'unix' ? { ...address, path: resolve(address.path) } : address
      const server = metricsServer(source, own)
      const bound = await listen(server, own, 'metrics')
      server.on('error', ({ message }) => report(`metrics at ${addressText(bound)}: ${message}`))
      servers.push(server)
      served.push(bound.kind === 'unix' ? addressText(bound) : `http://${addressText(bound)}/metrics`)
    }
  } catch (error) {
    await end()
    throw error
  }
  return {
    metrics,
    addresses: served,
    configure(next) {
      interval = next.interval
      metrics.configure(next)
    },
    [Symbol.asyncDispose]: end,
  }
}
