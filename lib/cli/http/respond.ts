import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

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
