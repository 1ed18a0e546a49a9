import { asBallastError, BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { Ksm, KsmRate } from '../host/ksm.ts'
import type { KsmAction, KsmPolicy } from '../policy/plan.ts'
import type { KsmSkipReason } from '../policy/reasons/ksm.ts'
import { timedOut, withTimeout } from '../util/timeout.ts'
import type { View } from '../view/view.ts'
import type { ActuatorOptions } from './actuator.ts'
import type { Journal, JournalEntry } from './journal/journal.ts'
import { PolicyRunner } from './policy-runner.ts'
import type { KsmResult } from './tick.ts'

/** The largest pace that a kernel takes: it counts in 32 bits. */
const most = 2 ** 32 - 1

/**
 * Same-page merging of the host, turn by turn: looks at it, asks the policy, and sets the pace. It has no domain, and no
 * memory is granted for it: what is merged is never budget. The original is in the journal before it is changed.
 */
export class KsmLoop {
  readonly #host: Host
  readonly #journal: Journal
  readonly #options: ActuatorOptions
  readonly #runner: PolicyRunner<KsmAction>
  #seen: Ksm | undefined
  #given: KsmRate | undefined
  /** Whether what was given has been seen since. */
  #settled = false
  /** Why nothing is changed any more. */
  #stopReason: KsmSkipReason | undefined
  #errors: BallastError[] = []

  constructor(host: Host, policy: KsmPolicy, journal: Journal, options: ActuatorOptions) {
    this.#host = host
    this.#journal = journal
    this.#options = options
    this.#runner = new PolicyRunner('merging', ['merge'], policy)
  }

  /** Looks at it. Never rejects; see {@link KsmLoop.takeErrors}. */
  async refresh(): Promise<void> {
    const look = this.#host.ksm().catch(asBallastError)
    const seen = await withTimeout(this.#host.clock, this.#options.timeout, look)
    if (seen instanceof BallastError) this.#errors.push(seen)
    if (seen === timedOut || seen instanceof BallastError) return
    this.#seen = seen
    if (!this.#given || !seen || this.#stopReason) return
    if (isSameRate(this.#given, seen)) this.#settled = true
    else if (this.#settled) {
      const { pagesToScan, sleep } = seen
      this.#stopReason = { kind: 'ksm-changed-externally', pagesToScan, sleep }
    }
  }

  /** What failed since it was last asked for. */
  takeErrors(): BallastError[] {
    const errors = this.#errors
    this.#errors = []
    return errors
  }

  /** The View with what is known of merging. */
  see(view: View): View {
    return { ...view, memory: { ...view.memory, merging: this.#seen } }
  }

  /** The result without asking the policy. */
  get status(): KsmResult {
    return { skipped: this.#stopReason ?? whyNot(this.#seen), outcome: undefined }
  }

  /** Asks the policy and does what it wants. Never rejects. */
  async turn(view: View): Promise<KsmResult> {
    const seen = this.#seen
    const { skipped } = this.status
    if (skipped !== undefined || !seen) return this.status
    const { plan, errors } = this.#runner.run(view)
    this.#errors.push(...errors)
    const action = plan[0]
    if (!action || isSameRate(action, seen)) return { skipped: undefined, outcome: undefined }
    const wrong = [action.pagesToScan, action.sleep].find((value) => !isWhole(value))
    if (wrong !== undefined)
      return { skipped: { kind: 'ksm-invalid-pace', value: wrong }, outcome: undefined }
    const begun = this.#host.clock.now()
    const error = this.#options.dryRun ? undefined : await this.#set(action, seen)
    const status = this.#options.dryRun ? 'dry-run' : error ? 'failed' : 'applied'
    return { skipped: skipped, outcome: { action, status, error, duration: this.#host.clock.now() - begun } }
  }

  async #set(pace: KsmRate, original: KsmRate): Promise<BallastError | undefined> {
    try {
      const wallTime = this.#host.clock.wallTime()
      const { pagesToScan, sleep } = pace
      await this.#journal.record([ksmEntry(original, { pagesToScan, sleep }, wallTime)])
      const call = this.#host.setKsm({ pagesToScan, sleep }).catch(asBallastError)
      const result = await withTimeout(this.#host.clock, this.#options.timeout, call)
      if (result instanceof BallastError) throw result
      this.#given = { pagesToScan, sleep }
      this.#settled = false
      return result === timedOut
        ? new BallastError('ERR_TIMEOUT', 'The host did not answer in time')
        : undefined
    } catch (error) {
      const failure = asBallastError(error)
      // Permissions and kernels do not change while we look.
      if (failure.code !== 'ERR_TIMEOUT' && failure.code !== 'ERR_JOURNAL') {
        this.#stopReason = { kind: 'ksm-refused', message: failure.message }
      }
      return failure
    }
  }
}

function ksmEntry({ pagesToScan, sleep }: KsmRate, to: KsmRate, wallTime: number): JournalEntry {
  const original = { pagesToScan, sleep }
  const requested = [{ wallTime, from: original, to }]
  return { kind: 'ksm', wallTime, uuid: '', name: '', id: -1, original, requested }
}

function whyNot(seen: Ksm | undefined): KsmSkipReason | undefined {
  if (!seen) return { kind: 'ksm-unavailable' }
  return seen.running === false ? { kind: 'ksm-off' } : undefined
}

/** Whether two paces are the same. */
export function isSameRate(a: KsmRate, b: KsmRate): boolean {
  return a.pagesToScan === b.pagesToScan && a.sleep === b.sleep
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most
}
