import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { acceptsGzip } from './accepts-gzip.ts'

/** Answers with a body whose length is known; without it to HEAD. */
export function respond(
  response: ServerResponse,
  status: number,
  body: string | readonly Buffer[],
  headers: OutgoingHttpHeaders = {},
): void {
  const parts = typeof body === 'string' ? [Buffer.from(body)] : body
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': length,
    ...headers,
  })
  // All of it in one call to the kernel.
  response.cork()
  if (response.req.method !== 'HEAD') for (const part of parts) response.write(part)
  response.end()
  response.uncork()
}

/** Answers with a body that is there as gzip, unpacked to those who do not say that they read that. */
export async function respondPacked(
  response: ServerResponse,
  packed: Buffer,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const isPacked = acceptsGzip(response.req.headers['accept-encoding']?.toString())
  const body = isPacked ? packed : await promisify(gunzip)(packed)
  respond(response, 200, [body], {
    ...headers,
    ...(isPacked && { 'Content-Encoding': 'gzip' }),
    Vary: 'Accept-Encoding',
  })
}
