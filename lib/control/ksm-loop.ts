import { asBallastError, BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import { isSameKsm, type Ksm, type KsmSettings } from '../host/ksm.ts'
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
 * KSM of the host, tick by tick: samples it, asks the policy, and sets what it wants. It has no domain, and no memory is
 * granted for it: what is merged is never part of the budget. The original is in the journal before it is changed.
 */
export class KsmLoop {
  readonly #host: Host
  readonly #journal: Journal
  readonly #options: ActuatorOptions
  readonly #runner: PolicyRunner<KsmAction>
  #seen: Ksm | undefined
  #applied: KsmSettings | undefined
  /** Whether what was applied has been seen since. */
  #isSeen = false
  /** Why nothing is changed any more. */
  #stopReason: KsmSkipReason | undefined
  readonly #report: (error: BallastError) => void

  constructor(
    host: Host,
    policy: KsmPolicy,
    journal: Journal,
    options: ActuatorOptions,
    report: (error: BallastError) => void,
  ) {
    this.#report = report
    this.#host = host
    this.#journal = journal
    this.#options = options
    this.#runner = new PolicyRunner('ksm', ['setKsm'], policy)
  }

  /** Samples it. Never rejects; what fails goes to `report`. */
  async refresh(): Promise<void> {
    const sample = this.#host.ksm().catch(asBallastError)
    const seen = await withTimeout(this.#host.clock, this.#options.timeout, sample)
    if (seen instanceof BallastError) this.#report(seen)
    if (seen === timedOut || seen instanceof BallastError) return
    this.#seen = seen
    if (!this.#applied || !seen || this.#stopReason) return
    if (isSameKsm(this.#applied, seen, seen.advisor)) this.#isSeen = true
    else if (this.#isSeen) {
      const { running, pagesToScan, sleep } = seen
      const state = running === false ? 'off' : 'on'
      this.#stopReason = { kind: 'ksm-changed-externally', state, pagesToScan, sleep }
    }
  }

  /** The View with what is known of KSM. */
  see(view: View): View {
    return { ...view, memory: { ...view.memory, ksm: this.#seen } }
  }

  /** Its state in a tick in which the policy is not asked. */
  get status(): KsmResult {
    return { skipped: this.#stopReason ?? skipReason(this.#seen), outcome: undefined }
  }

  /** Asks the policy and does what it wants. Never rejects; what the policy got wrong is handed to `report`. */
  async tick(view: View, report: (error: BallastError) => void): Promise<KsmResult> {
    const seen = this.#seen
    const { status } = this
    const isPaceLeft = status.skipped?.kind === 'ksm-advisor-pace'
    if (!seen || (status.skipped && !isPaceLeft)) return status
    const { plan, errors } = this.#runner.run(view)
    for (const error of errors) report(error)
    const action = plan[0]
    if (!action || isSameKsm(action, seen, seen.advisor)) return status
    const wrong = [action.pagesToScan, action.sleep].find((value) => !isWhole(value))
    if (wrong !== undefined) {
      return { skipped: { kind: 'ksm-invalid-pace', value: wrong }, outcome: undefined }
    }
    const begun = this.#host.clock.now()
    const error = this.#options.dryRun ? undefined : await this.#set(action, seen)
    const result = this.#options.dryRun ? 'dry-run' : error ? 'failed' : 'applied'
    const duration = this.#host.clock.now() - begun
    return { ...status, outcome: { action, status: result, error, duration } }
  }

  async #set(action: KsmSettings, seen: Ksm): Promise<BallastError | undefined> {
    try {
      const wallTime = this.#host.clock.wallTime()
      const original = settingsOf(seen)
      const pace = seen.advisor === undefined ? action : seen
      const wanted = settingsOf({ ...settingsOf(pace), running: action.running ?? seen.running })
      await this.#journal.record([ksmEntry(original, wanted, wallTime)])
      const call = this.#host.setKsm(wanted).catch(asBallastError)
      const result = await withTimeout(this.#host.clock, this.#options.timeout, call)
      if (result instanceof BallastError) throw result
      this.#applied = wanted
      this.#isSeen = false
      return result === timedOut
        ? new BallastError('ERR_TIMEOUT', 'The host did not answer in time')
        : undefined
    } catch (error) {
      const failure = asBallastError(error)
      // Permissions and kernels do not change meanwhile.
      if (failure.code !== 'ERR_TIMEOUT' && failure.code !== 'ERR_JOURNAL') {
        this.#stopReason = { kind: 'ksm-refused', message: failure.message }
      }
      return failure
    }
  }
}

/** What of it can be set; whether it runs only where that is known. */
function settingsOf({ running, pagesToScan, sleep }: KsmSettings): KsmSettings {
  return running === undefined ? { pagesToScan, sleep } : { running, pagesToScan, sleep }
}

function ksmEntry(original: KsmSettings, to: KsmSettings, wallTime: number): JournalEntry {
  const requested = [{ wallTime, from: original, to }]
  return { kind: 'ksm', wallTime, uuid: '', name: '', id: -1, original, requested }
}

function skipReason(seen: Ksm | undefined): KsmSkipReason | undefined {
  if (!seen) return { kind: 'ksm-unavailable' }
  const { running, canSwitch, advisor } = seen
  if (running === false && !canSwitch) return { kind: 'ksm-off' }
  if (advisor === undefined) return undefined
  return { kind: canSwitch ? 'ksm-advisor-pace' : 'ksm-advisor', advisor }
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most
}
