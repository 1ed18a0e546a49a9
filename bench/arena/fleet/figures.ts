import type { FleetTruth, SimulatedFleet } from '../../../lib/fleet/simulation/simulate-fleet.ts'
import type { FleetTick } from '../../../lib/fleet/tick/fleet-tick.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import { guestMatcher } from '../../../lib/fleet/view/guest-matcher.ts'
import { mean, standardDeviation } from '../../../lib/util/statistics.ts'

/** Rounds at the end of what is scored that figures are means of. */
const window = 30

/** What a policy made of a fleet. */
export interface FleetFigures {
  /** Wait of the worst-served vCPU, in the mean over all that is scored, at the beginning and over its last 30 rounds. */
  readonly delay: number
  readonly delayBefore: number
  readonly delayAfter: number
  /** pCPUs that guests wait for, in the mean over all that is scored. */
  readonly waiting: number
  /** Standard deviation of the hosts' loads, at the beginning and over the last 30 rounds; highest and lowest load then. */
  readonly deviationBefore: number
  readonly deviationAfter: number
  readonly highest: number
  readonly lowest: number
  /** Migrations that were done by order, those that were not done, and the most of one guest. */
  readonly moves: number
  readonly failed: number
  readonly mostOfOne: number
  /** Seconds that guests were migrating. */
  readonly migrating: number
  /** Round in which the last order was given, of those that are scored. */
  readonly settled: number
  /** Orders in the rounds after those that are scored, and how many those were. */
  readonly movesAtRest: number
  readonly roundsAtRest: number
  /** Bytes above a host's budget: at any moment, and when a guest was to come. */
  readonly overfilled: number
  readonly overfilledByMove: number
  /** Rounds in which a hard rule was broken that was not at the beginning. */
  readonly rulesBroken: number
  /** Most migrations at one time. */
  readonly parallel: number
  readonly verdicts: { readonly helped: number; readonly noHelp: number; readonly harm: number }
  /** Mean difference, in points, of the predicted and the seen delay of the two hosts of steps. */
  readonly predictionError: number | undefined
  /** What the last tick says: its mode, and the kinds of what is wrong with the rules. */
  readonly mode: string
  readonly problems: readonly string[]
  readonly coolingDown: number
  /** Where guests were at the beginning and at the end: host by guest. */
  readonly homesBefore: Readonly<Record<string, string>>
  readonly homesAfter: Readonly<Record<string, string>>
}

/** Looks at each round of a fleet. */
export class FleetWatch {
  readonly #rules: FleetRules
  readonly #scored: number
  readonly #delays: number[] = []
  readonly #waiting: number[] = []
  readonly #deviations: number[] = []
  #first: FleetTruth | undefined
  #last: FleetTruth | undefined
  #lastTick: FleetTick | undefined
  #settled = 0
  #movesAtRest = 0
  #rounds = 0
  #rulesBroken = 0
  #brokenBefore = 0
  readonly #verdicts = { helped: 0, noHelp: 0, harm: 0 }
  readonly #errors: number[] = []

  constructor(rules: FleetRules, scored: number) {
    this.#rules = rules
    this.#scored = scored
  }

  see(tick: FleetTick, truth: FleetTruth): void {
    this.#lastTick = tick
    const isScored = this.#rounds < this.#scored
    const broken = brokenRules(this.#rules, truth)
    if (!this.#first) {
      this.#first = truth
      this.#brokenBefore = broken
    }
    if (broken > this.#brokenBefore) this.#rulesBroken++
    if (isScored) {
      this.#last = truth
      this.#delays.push(truth.guests.reduce((most, { delay }) => Math.max(most, delay), 0))
      this.#waiting.push(truth.guests.reduce((sum, { demand, delay }) => sum + demand * delay, 0))
      this.#deviations.push(standardDeviation(truth.hosts.map(({ load }) => load)))
      if (tick.ordered.length > 0) this.#settled = this.#rounds
    } else {
      this.#movesAtRest += tick.ordered.length
    }
    for (const { verdict, step, seen } of tick.results) {
      this.#verdicts[verdict === 'no-help' ? 'noHelp' : verdict]++
      for (const side of ['from', 'to'] as const) {
        const [said, is] = [step.predicted[side].delay, seen[side].delay]
        if (said !== undefined && is !== undefined) this.#errors.push(Math.abs(said - is))
      }
    }
    this.#rounds++
  }

  figures({ migrations, overfilled, overfilledByMove }: SimulatedFleet): FleetFigures {
    const first = this.#first!
    const last = this.#last!
    const tick = this.#lastTick!
    const ordered = migrations.filter(({ isOrdered }) => isOrdered)
    const done = ordered.filter(({ outcome }) => outcome === 'done')
    const byGuest = new Map<string, number>()
    for (const { guest } of done) byGuest.set(guest, (byGuest.get(guest) ?? 0) + 1)
    const loads = last.hosts.map(({ load }) => load)
    return {
      delay: mean(this.#delays),
      delayBefore: this.#delays[0]!,
      delayAfter: mean(this.#delays.slice(-window)),
      waiting: mean(this.#waiting),
      deviationBefore: this.#deviations[0]!,
      deviationAfter: mean(this.#deviations.slice(-window)),
      highest: Math.max(...loads),
      lowest: Math.min(...loads),
      moves: done.length,
      failed: ordered.length - done.length,
      mostOfOne: Math.max(0, ...byGuest.values()),
      migrating: ordered.reduce((sum, { began, ended }) => sum + (ended - began) / 1_000, 0),
      settled: this.#settled,
      movesAtRest: this.#movesAtRest,
      roundsAtRest: Math.max(0, this.#rounds - this.#scored),
      overfilled,
      overfilledByMove,
      rulesBroken: this.#rulesBroken,
      parallel: mostAtOnce(ordered),
      verdicts: { ...this.#verdicts },
      predictionError: this.#errors.length === 0 ? undefined : mean(this.#errors),
      mode: tick.mode,
      problems: tick.view.problems.map(({ reason }) => reason.kind),
      coolingDown: tick.view.guests.filter(({ stays }) => stays.some(({ kind }) => kind === 'cooling-down'))
        .length,
      homesBefore: homesOf(first),
      homesAfter: homesOf(last),
    }
  }
}

function homesOf({ guests }: FleetTruth): Record<string, string> {
  return Object.fromEntries(guests.map(({ name, host }) => [name, host]))
}

function mostAtOnce(migrations: readonly { readonly began: number; readonly ended: number }[]): number {
  return Math.max(
    0,
    ...migrations.map(
      ({ began }) => migrations.filter((other) => other.began <= began && began < other.ended).length,
    ),
  )
}

/** Pairs of guests, and guests, that are where a hard rule does not let them be. */
function brokenRules({ apart = [], pinned = [], together = [] }: FleetRules, { guests }: FleetTruth): number {
  const of = (rule: string) => {
    const matches = guestMatcher(rule)
    return guests.filter(({ name }) => matches({ name, report: { labels: [] } }))
  }
  let broken = 0
  for (const { guests: rule, hard = true } of apart) {
    if (!hard) continue
    const hosts = of(rule).map(({ host }) => host)
    broken += hosts.length - new Set(hosts).size
  }
  for (const { guests: rule, hard = true } of together) {
    if (hard) broken += Math.max(0, new Set(of(rule).map(({ host }) => host)).size - 1)
  }
  for (const { guests: rule, hosts } of pinned)
    broken += of(rule).filter(({ host }) => !hosts.includes(host)).length
  return broken
}
