import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy in front of a server, for a connection that is to be cut: nothing goes through, and nobody is told. */
export class CutProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(target: string): Promise<CutProxy> {
    const [host, port] = target.split(':')
    const server = createServer()
    const proxy = new CutProxy(server)
    server.on('connection', (near) => proxy.#join(near, connect(Number(port), host)))
    server.unref()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen')
    return `127.0.0.1:${address.port}`
  }

  /** Lets nothing through any more, or everything again; connections of meanwhile are ended then. */
  cut(isCut: boolean): void {
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
