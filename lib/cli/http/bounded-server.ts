import { createServer, type RequestListener, type Server } from 'node:http'

/** Whoever asks gets so much and no more; milliseconds and bytes. */
const limits = { header: 5_000, headerBytes: 8_192, silence: 10_000, idle: 75_000 }

/** An HTTP server that nobody can hold up: neither by many connections nor by large or slow requests. */
export function boundedServer(connections: number, listener: RequestListener): Server {
  const server = createServer(
    { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: limits.header },
    listener,
  )
  server.maxConnections = connections
  server.headersTimeout = limits.header
  server.requestTimeout = limits.header
  server.keepAliveTimeout = limits.idle
  server.setTimeout(limits.silence)
  return server
}

/** Ends a server with all its connections. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
