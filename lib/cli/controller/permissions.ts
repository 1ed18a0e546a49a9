import { BallastError } from '../../host/errors.ts'
import type { DomainRef, Host } from '../../host/host.ts'
import { isRunning } from '../../host/sample.ts'
import type { View } from '../../view/view.ts'

/**
 * Whether the host lets us change anything at all. Guests that may not be changed are no reason to end, however many
 * there are: their actions fail with a reason and back off. Only when a change of every guest was tried and denied will
 * no later tick do better.
 *
 * It watches the calls themselves, since a Tick does not tell which statistics periods could be set.
 */
export class Permissions {
  /** The host, each change through which is counted. */
  readonly host: Host
  readonly #denied = new Map<string, BallastError>()
  #isPermitted = false
  #pending = 0

  constructor(host: Host) {
    const track = <Args extends unknown[]>(call: (domain: DomainRef, ...args: Args) => Promise<void>) => {
      return (domain: DomainRef, ...args: Args) =>
        this.#track(typeof domain === 'string' ? domain : domain.uuid, call.call(host, domain, ...args))
    }
    const counted: Partial<Host> = {
      pinVcpu: track(host.pinVcpu),
      setMemory: track(host.setMemory),
      setCpuShares: track(host.setCpuShares),
      setMemoryStatsPeriod: track(host.setMemoryStatsPeriod),
    }
    this.host = new Proxy(host, {
      get(target, name) {
        if (Object.hasOwn(counted, name)) return Reflect.get(counted, name)
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  /**
   * Throws `ERR_PERMISSION_DENIED` when a change of every managed guest that runs was denied, and none was ever permitted.
   * To be called after each tick.
   */
  assertSome({ domains }: Pick<View, 'domains'>): void {
    const [first] = this.#denied.values()
    if (this.#isPermitted || this.#pending > 0 || !first) return
    const isUntried = ({ uuid, settings, state }: View['domains'][number]) =>
      settings.managed && isRunning(state) && !this.#denied.has(uuid)
    if (domains.some(isUntried)) return
    throw new BallastError(
      first.code,
      `${first.message}; run ballast as root or as a member of the group libvirt, or with --dry-run`,
      { cause: first },
    )
  }

  async #track(guest: string, call: Promise<void>): Promise<void> {
    this.#pending++
    try {
      await call
      this.#isPermitted = true
    } catch (error) {
      if (error instanceof BallastError && error.code === 'ERR_PERMISSION_DENIED') {
        this.#denied.set(guest, error)
      }
      throw error
    } finally {
      this.#pending--
    }
  }
}
