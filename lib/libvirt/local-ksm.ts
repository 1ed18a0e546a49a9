import { constants } from 'node:fs'
import { access, readFile, writeFile } from 'node:fs/promises'
import { BallastError } from '../host/errors.ts'
import type { KsmSettings } from '../host/ksm.ts'

/** What only the kernel of this machine knows of KSM. */
export interface LocalKsm {
  readonly running: boolean
  readonly canSwitch: boolean
  readonly advisor: string | undefined
}

/** KSM of this machine's own kernel, by its files; libvirt can neither switch it nor see the advisor. */
export class LocalKsmFiles {
  readonly #folder: string

  constructor(folder = '/sys/kernel/mm/ksm') {
    this.#folder = folder
  }

  /** Undefined where the kernel has none. */
  async read(): Promise<LocalKsm | undefined> {
    const [run, advisor, canSwitch] = await Promise.all([
      this.#text('run'),
      this.#text('advisor_mode'),
      access(`${this.#folder}/run`, constants.W_OK).then(
        () => true,
        () => false,
      ),
    ])
    if (run === undefined) return undefined
    // `[none] scan-time`: the one in brackets is in use. 2 in `run` is stopped, with all pages split again.
    const active = /\[([^\]]+)\]/.exec(advisor ?? '')?.[1]
    return { running: run.trim() === '1', canSwitch, advisor: active === 'none' ? undefined : active }
  }

  /** Sets what differs from `seen`; with an advisor not the pace, which the kernel refuses then. */
  async write({ running, pagesToScan, sleep }: KsmSettings, seen: KsmSettings & LocalKsm): Promise<void> {
    if (pagesToScan !== seen.pagesToScan && seen.advisor === undefined) {
      await this.#set('pages_to_scan', pagesToScan)
    }
    if (sleep !== seen.sleep) await this.#set('sleep_millisecs', sleep)
    if (running !== undefined && running !== seen.running) await this.#set('run', running ? 1 : 0)
  }

  async #text(name: string): Promise<string | undefined> {
    try {
      return await readFile(`${this.#folder}/${name}`, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error) return undefined
      throw error
    }
  }

  async #set(name: string, value: number): Promise<void> {
    const path = `${this.#folder}/${name}`
    try {
      await writeFile(path, `${value}\n`)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      const kind = /^(EACCES|EPERM|EROFS)$/.test(code) ? 'ERR_PERMISSION_DENIED' : 'ERR_INVALID_ARGUMENT'
      throw new BallastError(kind, `Cannot write ${value} to ${path}: ${code}`, { cause: error })
    }
  }
}
