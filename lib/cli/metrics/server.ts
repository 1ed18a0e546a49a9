import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { metricsContentType, type TickMetrics } from '../../report/metrics/tick-metrics.ts'
import { printable } from '../../util/printable.ts'
import type { MetricsAddress } from './address.ts'

/** Whoever asks gets so much and no more; milliseconds, bytes and connections. */
const limits = {
  connections: 32,
  header: 5_000,
  headerBytes: 8_192,
  silence: 10_000,
  answer: 30_000,
  idle: 75_000,
}

/** What an answer is made from. */
export interface MetricsSource {
  readonly metrics: Pick<TickMetrics, 'age' | 'body'>
  /** Milliseconds after which the last tick is too old for a loop that works. */
  readonly staleAfter: () => number
}

/** An HTTP server that answers `GET /metrics` and `GET /health`, and nothing else. */
export function metricsServer(source: MetricsSource, address: MetricsAddress): Server {
  const server = createServer(
    { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: limits.header },
    (request, response) => {
      // One who reads slowly, byte for byte, is cut off; the text is one for all, so nothing piles up.
      const tooSlow = setTimeout(() => response.destroy(), limits.answer).unref()
      response.on('close', () => clearTimeout(tooSlow))
      void answer(source, address, request, response)
    },
  )
  server.maxConnections = limits.connections
  server.headersTimeout = limits.header
  server.requestTimeout = limits.header
  server.keepAliveTimeout = limits.idle
  server.setTimeout(limits.silence)
  return server
}

/** Never rejects. */
async function answer(
  { metrics, staleAfter }: MetricsSource,
  address: MetricsAddress,
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = url.split('?', 1)[0]
  if (!isExpectedHost(address, headers.host)) {
    return end(response, 403, 'metrics on a loopback address are for this machine; see --metrics\n')
  }
  if (path !== '/metrics' && path !== '/health') return end(response, 404, 'there are /metrics and /health\n')
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return end(response, 405, 'only GET\n')
  }
  if (path === '/health') {
    const { age } = metrics
    const isStale = age > staleAfter()
    const line = `${isStale ? 'stale' : 'ok'}: the last tick began ${(age / 1_000).toFixed(1)} s ago\n`
    return end(response, isStale ? 503 : 200, line)
  }
  try {
    end(response, 200, await metrics.body(), metricsContentType)
  } catch (error) {
    end(response, 500, printable(error instanceof Error ? error.message : String(error)))
  }
}

function end(
  response: ServerResponse,
  status: number,
  body: string | readonly Buffer[],
  type = 'text/plain; charset=utf-8',
): void {
  const parts = typeof body === 'string' ? [Buffer.from(body)] : body
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': length })
  // All of it in one call to the kernel.
  response.cork()
  if (response.req.method !== 'HEAD') for (const part of parts) response.write(part)
  response.end()
  response.uncork()
}

/**
 * Whether a request to an address of this machine alone names this machine. A web page that has its own name resolve to
 * 127.0.0.1 could read the metrics through somebody's browser otherwise.
 */
function isExpectedHost(address: MetricsAddress, given = ''): boolean {
  if (address.kind === 'unix' || !isLoopback(address.host)) return true
  const host = given
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return host === '' || host === 'localhost' || host === address.host.toLowerCase() || isIP(host) !== 0
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
