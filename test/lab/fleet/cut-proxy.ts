import { connect, createServer, type Socket } from 'node:net'
import type { CutOff } from './cut-off.ts'

/** A TCP proxy in front of a server, for a connection that is to be cut where no network can be. */
export class CutProxy implements CutOff {
  readonly by = 'proxy'
  readonly natsHost = '127.0.0.1'
  readonly within: readonly string[] = []
  readonly #server = createServer()
  readonly #sockets = new Set<Socket>()
  #isCut = false

  async serverFor(target: string): Promise<string> {
    const [host, port] = target.split(':')
    this.#server.on('connection', (near) => this.#join(near, connect(Number(port), host)))
    this.#server.unref()
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen')
    return `127.0.0.1:${address.port}`
  }

  /** Lets nothing through any more, or everything again; connections of meanwhile are ended then. */
  async cut(isCut: boolean): Promise<void> {
    this.#isCut = isCut
    if (!isCut) for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (data) => {
        if (!this.#isCut) to.write(data)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}
