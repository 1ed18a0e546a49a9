import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'

/**
 * The serial port of a guest that moves: its QEMU connects to us, and so does the next one that it is migrated to, while
 * the first still runs. Whoever wants the guest connects to `clients`, as to the port of a guest that stays, and is put
 * through to the QEMU that came first; when that one ends, so does the client's connection, and the next one gets the new.
 */
export class GuestConsole implements AsyncDisposable {
  readonly #servers: Server[] = []
  /** In the order in which they came. */
  readonly #machines: Socket[] = []
  #client: Socket | undefined

  static async open(machines: string, clients: string): Promise<GuestConsole> {
    const console = new GuestConsole()
    await console.#listen(machines, (socket) => console.#machineCame(socket))
    // QEMU runs as another user.
    await chmod(machines, 0o666)
    await console.#listen(clients, (socket) => console.#clientCame(socket))
    return console
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [...this.#machines, ...(this.#client ? [this.#client] : [])]) socket.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  async #listen(path: string, came: (socket: Socket) => void): Promise<void> {
    await rm(path, { force: true })
    const server = createServer(came)
    server.unref()
    this.#servers.push(server)
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  }

  #machineCame(socket: Socket): void {
    socket.unref()
    this.#machines.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => this.#client?.write(data))
    socket.on('close', () => {
      const isFirst = this.#machines[0] === socket
      this.#machines.splice(this.#machines.indexOf(socket), 1)
      if (isFirst) this.#client?.destroy()
    })
  }

  #clientCame(socket: Socket): void {
    const [machine] = this.#machines
    if (!machine) return void socket.destroy()
    this.#client?.destroy()
    this.#client = socket
    socket.on('error', () => undefined)
    socket.on('data', (data) => machine.write(data))
    socket.on('close', () => {
      if (this.#client === socket) this.#client = undefined
    })
  }
}
