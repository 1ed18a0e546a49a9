import { counted, formatBytes, formatPercent } from '../../util/format.ts'
import { fleetSentenceOf } from '../reasons/fleet-reasons.ts'
import type { PlanAlternative } from './step.ts'

/** What was weighed beside a plan, for people: what it costs, what it leads to, and what ruled it out. */
export function alternativeText({ steps, bytes, delay, deviation, reason }: PlanAlternative): string {
  const delayText = delay === undefined ? 'delay unknown' : `delay ${formatPercent(delay)}`
  const spread = `loads deviate by ${formatPercent(deviation)}`
  return `${counted(steps, 'step')}, ${formatBytes(bytes)}: ${delayText}, ${spread}; ${fleetSentenceOf(reason)}`
}
