import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/**
 * Name in Linux's abstract namespace of the socket whose owner has `what`, for one `use` of it. It is no file, so every
 * user (of the same network namespace) sees the same one, and the kernel takes it back when the process ends, however it ends.
 */
export function abstractSocket(what: string, use: string): string {
  const digest = createHash('sha256').update(what).digest('hex').slice(0, 24)
  return `\0ballast-1-${digest}-${use}`
}

/** The server that owns `socket` from now on; undefined when another has it. */
export async function own(socket: string, answer: (connection: Socket) => void): Promise<Server | undefined> {
  const server = createServer(answer)
  const listening = once(server, 'listening')
  // Exclusive: the workers of a cluster would share one.
  server.listen({ path: socket, exclusive: true })
  try {
    await listening
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  return server
}

/** Lets another one own the socket. */
export async function disown(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  await closed
}
