import type { StepResult } from '../tick/fleet-tick.ts'
import { FailedPlans } from './failed-plans.ts'
import { isForBalance } from './verdict.ts'

/**
 * Where steps did not help: their hosts rest, and all of them where no more steps of a plan helped than did not. In a large
 * fleet one of many may fail by chance, and says nothing of the others.
 */
export class FailedSteps {
  readonly #fleet = new FailedPlans()
  readonly #hosts = new Map<string, FailedPlans>()
  /** Steps of the present plan. */
  #helped = 0
  #failed = 0

  /** Another plan begins. */
  begin(): void {
    this.#helped = 0
    this.#failed = 0
    this.#fleet.begin()
    for (const host of this.#hosts.values()) host.begin()
  }

  /** What came of steps, as it became known in one round; whether their plan has failed as a whole. */
  judged(results: readonly StepResult[], time: number): boolean {
    let isNew = false
    for (const { step, verdict } of results) {
      for (const host of [step.from, step.to]) this.#of(host).judged(verdict, time)
      isNew ||= verdict !== 'helped'
      if (verdict !== 'helped') this.#failed++
      else if (isForBalance(step)) this.#helped++
    }
    const isFailed = isNew && this.#failed >= this.#helped
    if (isFailed) this.#fleet.judged('no-help', time)
    else if (results.length > 0) this.#fleet.judged('helped', time)
    return isFailed
  }

  /** Milliseconds for which no step between these hosts is made for balance; 0 or less: one may be. */
  remainingAt(time: number, { from, to }: StepResult['step']): number {
    const rests = [this.#fleet, this.#hosts.get(from), this.#hosts.get(to)]
    return Math.max(...rests.map((one) => one?.remainingAt(time) ?? 0))
  }

  #of(host: string): FailedPlans {
    const known = this.#hosts.get(host)
    if (known) return known
    const rest = new FailedPlans()
    this.#hosts.set(host, rest)
    return rest
  }
}
