import type { NativeConnection } from '../addon/native.ts'
import { BallastError, LibvirtError } from '../host/errors.ts'
import type { Ksm, KsmSettings } from '../host/ksm.ts'
import { LocalKsmFiles } from './local-ksm.ts'
import { assertWhole } from './whole.ts'

/** Makes a call on the connection. */
type Call = <T>(make: (native: NativeConnection) => Promise<T>) => Promise<T>

/** KSM of a host: by libvirt, and on this machine by the kernel's files, which can do more. */
export class LibvirtKsm {
  readonly #local = new LocalKsmFiles()
  readonly #call: Call
  readonly #readOnly: boolean
  readonly #pageSize: number

  /** `pageSize` in bytes. */
  constructor(call: Call, readOnly: boolean, pageSize: number) {
    this.#call = call
    this.#readOnly = readOnly
    this.#pageSize = pageSize
  }

  async read(): Promise<Ksm | undefined> {
    const state = await this.#call((native) => native.ksm())
    if (!state) return undefined
    const { pagesToScan, sleep, pagesSharing } = state
    // The addon knows whether it runs only where the host is this machine.
    const local = state.running === undefined ? undefined : await this.#local.read()
    return {
      pagesToScan,
      sleep,
      running: local?.running,
      canSwitch: !this.#readOnly && (local?.canSwitch ?? false),
      advisor: local?.advisor,
      saved: pagesSharing * this.#pageSize,
    }
  }

  async write(settings: KsmSettings): Promise<void> {
    const { running, pagesToScan, sleep } = settings
    assertWhole('pages to scan', pagesToScan, 0)
    assertWhole('milliseconds of sleep', sleep, 0)
    const seen = await this.read()
    if (seen?.canSwitch && seen.running !== undefined) {
      const { canSwitch, advisor } = seen
      return await this.#local.write(settings, { ...seen, running: seen.running, canSwitch, advisor })
    }
    if (running !== undefined && running !== seen?.running) {
      throw new BallastError(
        'ERR_PERMISSION_DENIED',
        'Only a local host with the right to write to /sys/kernel/mm/ksm can have KSM switched on or off',
      )
    }
    await this.#call((native) => native.setKsm(pagesToScan, sleep)).catch((error) => {
      if (!(error instanceof LibvirtError) || seen?.running !== undefined) throw error
      // libvirt has one message for whatever the kernel refuses, and knows nothing of the advisor.
      const hint = "also said while the kernel's advisor sets the pace: advisor_mode in /sys/kernel/mm/ksm"
      throw new LibvirtError(error.code, `${error.message} (${hint})`, error)
    })
  }
}
