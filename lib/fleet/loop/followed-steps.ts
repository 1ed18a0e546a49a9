import { reportsAfter } from '../cost/following-time.ts'
import type { Step } from '../plan/step.ts'
import type { StepResult } from '../tick/fleet-tick.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { meanSight, type Sight, sightNow, verdictOf } from './verdict.ts'

/** So many are looked at where they do not agree that a step did not help: that stops a fleet for minutes. */
const mostLooked = 6
/** Milliseconds after which nothing is said of a step whose hosts do not report. */
const patience = 300_000

interface Followed {
  readonly order: string
  readonly step: Step
  readonly before: Sight
  readonly since: number
  readonly rounds: Sight[]
  /** Newest reports of both hosts that were looked at: instance and sequence. */
  last: string
  seen: number
}

/** Steps that are done, until it is known what came of them. */
export class FollowedSteps {
  #followed: Followed[] = []

  /** Whether a step at this host is done and nobody knows yet what came of it. */
  isAbout(host: string): boolean {
    return this.#followed.some(({ step }) => step.from === host || step.to === host)
  }

  get isEmpty(): boolean {
    return this.#followed.length === 0
  }

  follow(order: string, step: Step, before: Sight, view: FleetView): void {
    const followed = {
      order,
      step,
      before,
      since: view.time,
      rounds: [],
      last: reportsOf(view, step),
      seen: 0,
    }
    this.#followed.push(followed)
  }

  /** What has become known since the last look. */
  look(view: FleetView): readonly StepResult[] {
    const results: StepResult[] = []
    this.#followed = this.#followed.filter((followed) => {
      const { order, step, before, since, rounds } = followed
      const now = sightNow(view, step)
      const reports = reportsOf(view, step)
      if (now && bothNew(followed.last, reports)) {
        followed.last = reports
        followed.seen++
        if (followed.seen > reportsAfter.skipped) rounds.push(now)
      }
      if (rounds.length >= reportsAfter.looked) {
        const seen = meanSight(rounds)
        const verdict = verdictOf(step, before, seen)
        const isClear =
          verdict !== 'no-help' || rounds.every((one) => verdictOf(step, before, one) !== 'helped')
        if (isClear || rounds.length >= mostLooked) {
          results.push({ order, step, before: before.figures, seen: seen.figures, verdict })
          return false
        }
      }
      return view.time - since < patience
    })
    return results
  }
}

/** Which reports of both hosts a view has. */
function reportsOf({ hosts }: FleetView, { from, to }: Step): string {
  return [from, to]
    .map((uuid) => hosts.find((host) => host.uuid === uuid)?.report)
    .map((report) => `${report?.instance}/${report?.sequence}`)
    .join(' ')
}

function bothNew(before: string, now: string): boolean {
  const [old, next] = [before.split(' '), now.split(' ')]
  return next.every((one, side) => one !== old[side])
}
