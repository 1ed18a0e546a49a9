import type { FleetPlan, Step, StepPrediction } from '../../fleet/plan/step.ts'
import { fleetSentenceOf } from '../../fleet/reasons/fleet-reasons.ts'
import type { FleetTick } from '../../fleet/tick/fleet-tick.ts'
import type { FleetPlannedSteps, FleetStepFigures } from '../../report/fleet-figures.ts'
import { printable } from '../../util/printable.ts'

/** So many of each kind are shown. */
const most = 12

/** The steps of the rounds that a host leads: those to come, and the last ones with what became of them. */
export class RecentSteps {
  /** By order, or by guest and target where it was denied; the oldest first. */
  readonly #past = new Map<string, FleetStepFigures>()
  #plan: FleetPlan | undefined
  #toCome: Step[] = []

  /** The latest first. */
  get past(): readonly FleetStepFigures[] {
    return [...this.#past.values()].reverse()
  }

  get planned(): FleetPlannedSteps {
    const steps = this.#toCome.slice(0, most).map((step) => figuresOf(step, 'planned'))
    return { steps, more: this.#toCome.length - steps.length }
  }

  tick({ wallTime, plan, view, ordered, denied, outcomes, results }: FleetTick): void {
    if (plan !== this.#plan) {
      this.#plan = plan
      this.#toCome = [...plan.steps]
    }
    const delays = new Map(view.hosts.map(({ uuid, delay }) => [uuid, delay]))
    for (const { order, step } of ordered) {
      const before = longest(delays.get(step.from), delays.get(step.to))
      this.#add(order, { ...figuresOf(step, 'under way'), wallTime, before })
    }
    for (const { step, reason } of denied) {
      const problem = printable(fleetSentenceOf(reason))
      this.#add(`${step.guest} ${step.to}`, { ...figuresOf(step, 'denied'), wallTime, problem })
    }
    const begun = new Set([...ordered, ...denied].map(({ step }) => step.guest))
    this.#toCome = this.#toCome.filter(({ guest }) => !begun.has(guest))
    for (const { order, outcome, error } of outcomes) {
      this.#change(order, { state: outcome, problem: error && printable(error.message) })
    }
    for (const { order, verdict, seen } of results) {
      this.#change(order, { state: verdict, seen: longestOf(seen) })
    }
  }

  /** Another leads from now on. */
  clear(): void {
    this.#past.clear()
    this.#plan = undefined
    this.#toCome = []
  }

  #add(key: string, step: FleetStepFigures): void {
    this.#past.delete(key)
    this.#past.set(key, step)
    const [oldest] = this.#past.keys()
    if (this.#past.size > most) this.#past.delete(oldest!)
  }

  #change(key: string, what: Partial<FleetStepFigures>): void {
    const step = this.#past.get(key)
    if (step) this.#past.set(key, { ...step, ...what })
  }
}

function figuresOf(
  { guestName, fromName, toName, reason, predicted }: Step,
  state: FleetStepFigures['state'],
): FleetStepFigures {
  return {
    guest: printable(guestName),
    from: printable(fromName),
    to: printable(toName),
    state,
    reason: printable(fleetSentenceOf(reason)),
    predicted: longestOf(predicted),
  }
}

function longestOf({ from, to }: StepPrediction): number | undefined {
  return longest(from.delay, to.delay)
}

/** Of those that are known. */
function longest(...delays: readonly (number | undefined)[]): number | undefined {
  const known = delays.flatMap((delay) => delay ?? [])
  return known.length > 0 ? Math.max(...known) : undefined
}
