import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { MiB } from '../../../lib/util/units.ts'
import { processesIn } from '../processes.ts'
import type { LabHost } from './fleet-lab.ts'

const lookEvery = 200
const block = Buffer.alloc(4 * MiB, 1)

/**
 * Hosts of the lab have the machine's memory in common, with each other and with all other programs: what a guest gives back as
 * it leaves one, it takes on the other, and the first has no more than before. So this holds memory, and takes and lets go of it
 * such that what is available and what the guests of one host have stay the same in sum: that host's memory.
 */
export class Counterweight implements AsyncDisposable {
  readonly #file: FileHandle
  readonly #host: LabHost
  readonly #ended = new AbortController()
  #level = 0
  #size = 0
  #balancing: Promise<void> = Promise.resolve()

  private constructor(file: FileHandle, host: LabHost) {
    this.#file = file
    this.#host = host
  }

  /** Holds `spare` bytes at first, which others may take then; all of it is gone with this process. */
  static async hold(spare: number, host: LabHost): Promise<Counterweight> {
    const path = `/dev/shm/ballast-counterweight-${process.pid}`
    const weight = new Counterweight(await open(path, 'w'), host)
    await rm(path)
    await weight.#resize(spare)
    weight.#level = await memoryOf(host)
    weight.#balancing = weight.#balance()
    return weight
  }

  /** Bytes that the host has for its guests, and of its own. */
  get level(): number {
    return this.#level
  }

  /** Bytes that are held now. */
  get size(): number {
    return this.#size
  }

  async #balance(): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      const more = (await memoryOf(this.#host)) - this.#level
      if (Math.abs(more) >= block.length) await this.#resize(Math.max(0, this.#size + more))
      await sleep(lookEvery, undefined, { signal }).catch(() => undefined)
    }
  }

  async #resize(size: number): Promise<void> {
    if (size < this.#size) {
      await this.#file.truncate(size)
      this.#size = size
    }
    while (this.#size < size) {
      const part = Math.min(block.length, size - this.#size)
      await this.#file.write(block, 0, part, this.#size)
      this.#size += part
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#balancing
    await this.#file.close()
  }
}

/** Bytes that are available, or that the QEMUs of a host have. */
async function memoryOf(host: LabHost): Promise<number> {
  let sum = inKiB('MemAvailable', await readFile('/proc/meminfo', 'utf8'))
  for (const { pid, command } of await processesIn(host.directory)) {
    if (!command[0]?.includes('qemu')) continue
    sum += inKiB('VmRSS', await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))
  }
  return 1024 * sum
}

function inKiB(name: string, text: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
