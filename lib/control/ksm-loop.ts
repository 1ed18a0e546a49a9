import { BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { MemoryMerging, MergingPace } from '../host/ksm.ts'
import type { MergeAction, Merging } from '../policy/plan.ts'
import { late, within } from '../util/timeout.ts'
import type { View } from '../view/view.ts'
import type { ActuatorOptions } from './actuator.ts'
import { asBallastError } from './failure.ts'
import type { Journal, JournalEntry } from './journal/journal.ts'
import { PolicyRunner } from './policy-runner.ts'
import type { MergingTurn } from './tick.ts'

/** The largest pace that a kernel takes: it counts in 32 bits. */
const most = 2 ** 32 - 1

/**
 * Same-page merging of the host, turn by turn: looks at it, asks the policy, and sets the pace. It has no domain, and no
 * memory is granted for it: what is merged is never budget. The original is in the journal before it is changed.
 */
export class MergingTurns {
  readonly #host: Host
  readonly #journal: Journal
  readonly #options: ActuatorOptions
  readonly #runner: PolicyRunner<MergeAction>
  #seen: MemoryMerging | undefined
  #given: MergingPace | undefined
  /** Whether what was given has been seen since. */
  #settled = false
  /** Why nothing is changed any more. */
  #hold: string | undefined
  #errors: BallastError[] = []

  constructor(host: Host, policy: Merging, journal: Journal, options: ActuatorOptions) {
    this.#host = host
    this.#journal = journal
    this.#options = options
    this.#runner = new PolicyRunner('merging', ['merge'], policy)
  }

  /** Looks at it. Never rejects; see {@link MergingTurns.takeErrors}. */
  async refresh(): Promise<void> {
    const look = this.#host.memoryMerging().catch(asBallastError)
    const seen = await within(this.#host.clock, this.#options.patience, look)
    if (seen instanceof BallastError) this.#errors.push(seen)
    if (seen === late || seen instanceof BallastError) return
    this.#seen = seen
    if (!this.#given || !seen || this.#hold) return
    if (isSamePace(this.#given, seen)) this.#settled = true
    else if (this.#settled) this.#hold = `someone else changed its pace to ${words(seen)}`
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

  /** How it stands when nobody is asked. */
  get standing(): MergingTurn {
    return { leftAlone: this.#hold ?? whyNot(this.#seen), outcome: undefined }
  }

  /** Asks the policy and does what it wants. Never rejects. */
  async turn(view: View): Promise<MergingTurn> {
    const seen = this.#seen
    const { leftAlone } = this.standing
    if (leftAlone !== undefined || !seen) return this.standing
    const { plan, errors } = this.#runner.run(view)
    this.#errors.push(...errors)
    const action = plan[0]
    if (!action || isSamePace(action, seen)) return { leftAlone: undefined, outcome: undefined }
    const wrong = [action.pagesToScan, action.sleep].find((value) => !isWhole(value))
    if (wrong !== undefined) return { leftAlone: `${wrong} is no pace of merging`, outcome: undefined }
    const begun = this.#host.clock.now()
    const error = this.#options.dryRun ? undefined : await this.#set(action, seen)
    const status = this.#options.dryRun ? 'dry-run' : error ? 'failed' : 'applied'
    return { leftAlone, outcome: { action, status, error, duration: this.#host.clock.now() - begun } }
  }

  async #set(pace: MergingPace, original: MergingPace): Promise<BallastError | undefined> {
    try {
      const wallTime = this.#host.clock.wallTime()
      const { pagesToScan, sleep } = pace
      await this.#journal.record([mergingEntry(original, { pagesToScan, sleep }, wallTime)])
      const call = this.#host.setMemoryMerging({ pagesToScan, sleep }).catch(asBallastError)
      const result = await within(this.#host.clock, this.#options.patience, call)
      if (result instanceof BallastError) throw result
      this.#given = { pagesToScan, sleep }
      this.#settled = false
      return result === late ? new BallastError('ERR_TIMEOUT', 'The host did not answer in time') : undefined
    } catch (error) {
      const failure = asBallastError(error)
      // Permissions and kernels do not change while we look.
      if (failure.code !== 'ERR_TIMEOUT' && failure.code !== 'ERR_JOURNAL') {
        this.#hold = `its pace cannot be changed: ${failure.message}`
      }
      return failure
    }
  }
}

function mergingEntry({ pagesToScan, sleep }: MergingPace, to: MergingPace, wallTime: number): JournalEntry {
  const original = { pagesToScan, sleep }
  const asked = [{ wallTime, from: original, to }]
  return { kind: 'memoryMerging', wallTime, uuid: '', name: '', id: -1, original, asked }
}

function whyNot(seen: MemoryMerging | undefined): string | undefined {
  if (!seen) return 'the host has none, or libvirt does not tell'
  if (seen.running !== false) return undefined
  return 'it is switched off, and libvirt cannot switch it on: echo 1 > /sys/kernel/mm/ksm/run'
}

/** Whether two paces are the same. */
export function isSamePace(a: MergingPace, b: MergingPace): boolean {
  return a.pagesToScan === b.pagesToScan && a.sleep === b.sleep
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most
}

function words({ pagesToScan, sleep }: MergingPace): string {
  return `${pagesToScan} pages each ${sleep} ms`
}
