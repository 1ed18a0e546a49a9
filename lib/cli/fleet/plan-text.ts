import type { Guarded } from '../../fleet/guard/guard.ts'
import { alternativeText } from '../../fleet/plan/alternative-text.ts'
import type { HostFigures, Step } from '../../fleet/plan/step.ts'
import { type FleetReason, fleetSentenceOf } from '../../fleet/reasons/fleet-reasons.ts'
import { inTime } from '../../fleet/reasons/words.ts'
import { formatBytes, formatPercent } from '../../util/format.ts'

/**
 * A plan for people: each step with its reason, its cost and what is predicted, what is denied, and what was weighed
 * beside it.
 */
export function planLines({ plan, denied, waiting }: Guarded): string[] {
  const waits = new Map(waiting.map(({ step, reason }) => [step, reason]))
  return [
    fleetSentenceOf(plan.reason),
    ...plan.steps.flatMap((step, i) => stepLines(step, i, waits.get(i))),
    ...denied.map(({ step, reason }) => `denied: ${moveText(step)}: ${fleetSentenceOf(reason)}`),
    ...(plan.problems ?? []).map(({ guestName, reason }) => {
      return `problem: ${guestName === undefined ? '' : `${guestName}: `}${fleetSentenceOf(reason)}`
    }),
    ...(plan.alternatives.length > 0 ? ['weighed beside it:'] : []),
    ...plan.alternatives.map((one) => `  ${alternativeText(one)}`),
  ]
}

/** The same as plain data, each reason with its words. */
export function planRecord({ plan, denied, begin, waiting }: Guarded): object {
  return {
    reason: told(plan.reason),
    steps: plan.steps.map((step, i) => {
      const why = waiting.find((one) => one.step === i)
      return {
        ...step,
        reason: told(step.reason),
        begins: begin.includes(i),
        ...(why && { waits: told(why.reason) }),
      }
    }),
    denied: denied.map(({ step, reason }) => ({ step, reason: told(reason) })),
    problems: (plan.problems ?? []).map((problem) => ({ ...problem, reason: told(problem.reason) })),
    alternatives: plan.alternatives.map((one) => ({ ...one, reason: told(one.reason) })),
  }
}

export function moveText({ guestName, fromName, toName }: Step): string {
  return `${guestName}: ${fromName} -> ${toName}`
}

function told(reason: FleetReason): object {
  return { ...reason, text: fleetSentenceOf(reason) }
}

function stepLines(step: Step, index: number, waits: FleetReason | undefined): string[] {
  const { cost, predicted, after, reason, fromName, toName } = step
  const { bytes, duration, downtime } = cost
  const rows = [
    `${index + 1}. ${moveText(step)}: ${fleetSentenceOf(reason)}`,
    `   cost: ${formatBytes(bytes)} in ${inTime(duration)}, paused for ${inTime(downtime)}`,
    `   predicted: ${fromName} ${figures(predicted.from)}; ${toName} ${figures(predicted.to)}`,
  ]
  if (after.length > 0) rows.push(`   after: ${after.map((before) => before + 1).join(', ')}`)
  if (waits) rows.push(`   waits: ${fleetSentenceOf(waits)}`)
  return rows
}

function figures({ delay, load, committed }: HostFigures): string {
  const delayText = delay === undefined ? 'delay unknown' : `delay ${formatPercent(delay)}`
  return `${delayText}, load ${formatPercent(load)}, ${formatBytes(committed)}`
}
