import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

interface Message {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

/** QEMU's monitor protocol: one JSON object a line, answers in the order of the commands, events in between. */
export class Qmp {
  readonly #to: Writable
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = []
  #ended = false

  constructor(from: Readable, to: Writable) {
    this.#to = to
    to.on('error', () => {}) // The end of QEMU is told by the end of its output.
    const lines = createInterface({ input: from })
    lines.on('line', (line) => this.#receive(JSON.parse(line) as Message))
    lines.on('close', () => {
      this.#ended = true
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('QEMU ended'))
    })
    this.execute('qmp_capabilities').catch(() => {})
  }

  /** Gives what the command returned; rejects with QEMU's words, or when QEMU ends. */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error('QEMU ended'))
      this.#waiting.push({ resolve, reject })
      this.#to.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
    })
  }

  #receive(message: Message): void {
    if (message.error) this.#waiting.shift()?.reject(new Error(message.error.desc))
    else if ('return' in message) this.#waiting.shift()?.resolve(message.return)
  }
}
