import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { metricsContentType, type TickMetrics } from '../../report/metrics/tick-metrics.ts'
import { printable } from '../../util/printable.ts'
import type { ListenAddress } from '../http/address.ts'
import { boundedServer } from '../http/bounded-server.ts'
import { isExpectedHost } from '../http/host-header.ts'
import { respond } from '../http/respond.ts'

/** Connections at a time, and milliseconds that an answer may take. */
const limits = { connections: 32, answer: 30_000 }

/** What an answer is made from. */
export interface MetricsSource {
  readonly metrics: Pick<TickMetrics, 'age' | 'body'>
  /** Milliseconds after which the last tick is too old for a loop that works. */
  readonly staleAfter: () => number
}

/** An HTTP server that answers `GET /metrics` and `GET /health`, and nothing else. */
export function metricsServer(source: MetricsSource, address: ListenAddress): Server {
  return boundedServer(limits.connections, (request, response) => {
    // One who reads slowly, byte for byte, is cut off; the text is one for all, so nothing piles up.
    const tooSlow = setTimeout(() => response.destroy(), limits.answer).unref()
    response.on('close', () => clearTimeout(tooSlow))
    void answer(source, address, request, response)
  })
}

/** Never rejects. */
async function answer(
  { metrics, staleAfter }: MetricsSource,
  address: ListenAddress,
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = url.split('?', 1)[0]
  if (!isExpectedHost(address, headers.host)) {
    return respond(response, 403, 'metrics on a loopback address are for this machine; see --metrics\n')
  }
  if (path !== '/metrics' && path !== '/health')
    return respond(response, 404, 'there are /metrics and /health\n')
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return respond(response, 405, 'only GET\n')
  }
  if (path === '/health') {
    const { age } = metrics
    const isStale = age > staleAfter()
    const line = `${isStale ? 'stale' : 'ok'}: the last tick began ${(age / 1_000).toFixed(1)} s ago\n`
    return respond(response, isStale ? 503 : 200, line)
  }
  try {
    respond(response, 200, await metrics.body(), { 'Content-Type': metricsContentType })
  } catch (error) {
    respond(response, 500, printable(error instanceof Error ? error.message : String(error)))
  }
}
