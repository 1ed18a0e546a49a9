import type { CpuSet } from '../host/cpuset.ts'
import { asBallastError, BallastError, type ErrorCode } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { DomainIdentity } from '../host/sample.ts'
import type { PinAction } from '../policy/plan.ts'
import type { DomainView } from '../view/view.ts'
import type { Ledger } from './ledger/ledger.ts'

/** After these libvirt may have written a cpuset that it does not take back. */
const leavesTrace: ReadonlySet<ErrorCode> = new Set(['ERR_PCPU_UNUSABLE', 'ERR_LIBVIRT'])

/**
 * Pins vCPUs. libvirt writes a vCPU's cpuset before the kernel refuses the pin, and does not take it back: the vCPU would
 * be moved there as soon as the pCPU can be used. So after a pin that failed the standing one is set again. While a
 * domain's cpuset is not known, the first pin to each pCPU is waited for before another is tried there.
 */
export class Pinning {
  readonly #host: Host
  readonly #ledger: Ledger
  /** By pCPU: settles when the first pin there has been taken or refused. */
  readonly #firstPins = new Map<number, Promise<unknown>>()

  constructor(host: Host, ledger: Ledger) {
    this.#host = host
    this.#ledger = ledger
  }

  /** Rejects with what the host rejects with, or when the same pCPU was refused a moment ago. */
  async pin(domain: DomainView, action: PinAction): Promise<void> {
    const only = action.cpus.size === 1 ? action.cpus.first! : undefined
    if (only === undefined || domain.cpuset || isSeenOn(domain, only))
      return this.#attempt(domain, action, only)
    for (let first = this.#firstPins.get(only); first; first = this.#firstPins.get(only)) await first
    this.#assertNotRefused(domain, action, only)
    const attempt = this.#attempt(domain, action, only)
    const settled = attempt.then(nothing, nothing).finally(() => this.#firstPins.delete(only))
    this.#firstPins.set(only, settled)
    return attempt
  }

  #assertNotRefused(domain: DomainIdentity, { vcpu }: PinAction, pcpu: number): void {
    if (!this.#ledger.refusedCpus.of(domain, this.#host.clock.now(), undefined).has(pcpu)) return
    const message = `Not tried to pin vCPU ${vcpu} of ${domain.name} to pCPU ${pcpu}: another pin there was refused`
    throw new BallastError('ERR_PCPU_UNUSABLE', message)
  }

  async #attempt(domain: DomainView, action: PinAction, only: number | undefined): Promise<void> {
    const { vcpu, cpus } = action
    const { clock } = this.#host
    try {
      await this.#host.pinVcpu(domain, vcpu, cpus)
    } catch (error) {
      const { code } = asBallastError(error)
      if (code === 'ERR_PCPU_UNUSABLE' && only !== undefined) {
        this.#ledger.refusedCpus.refused(only, domain, clock.now())
      }
      if (leavesTrace.has(code)) await this.#setStanding(domain, vcpu)
      throw error
    }
    this.#ledger.pinned(domain, vcpu, cpus, clock.now())
    if (only !== undefined) this.#ledger.refusedCpus.accepted(only, domain)
  }

  /** What fails of this is what was so before. */
  async #setStanding(domain: DomainView, vcpu: number): Promise<void> {
    const seen = domain.vcpus.find((one) => one.vcpu === vcpu)
    const standing = this.#ledger.requestedPin(domain, vcpu) ?? seen?.pin ?? seen?.affinity
    if (standing) await this.#host.pinVcpu(domain, vcpu, standing).catch(nothing)
  }
}

/** Whether one of the domain's vCPUs may run there already. */
function isSeenOn({ vcpus }: DomainView, pcpu: number): boolean {
  return vcpus.some(({ affinity }) => affinity?.has(pcpu))
}

/** What libvirt has a vCPU pinned to; where that is not known, what the kernel shows. */
export function standingPin(domain: DomainView, vcpu: number): CpuSet {
  const { pin, affinity } = domain.vcpus.find((one) => one.vcpu === vcpu)!
  return pin ?? affinity!
}

function nothing(): void {}
