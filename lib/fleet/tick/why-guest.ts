import { formatPercent } from '../../util/format.ts'
import { alternativeText } from '../plan/alternative-text.ts'
import type { HostFigures } from '../plan/step.ts'
import { fleetSentenceOf } from '../reasons/fleet-reasons.ts'
import type { StepResult } from './fleet-tick.ts'
import type { FleetTickRecord } from './tick-record.ts'

/** One thing that happened to a guest, or did not, with why. */
export interface GuestEvent {
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  readonly kind:
    | 'ordered'
    | 'weighed'
    | 'denied'
    | 'done'
    | 'failed'
    | 'result'
    | 'foreign'
    | 'no place'
    | 'stays'
  /** For people. */
  readonly text: string
}

/**
 * What a fleet did with one guest, by UUID or name, and why it did not: oldest first. What holds for many ticks in a row, as
 * that it stays, is said once.
 */
export function whyGuest(ticks: Iterable<FleetTickRecord>, guest: string): readonly GuestEvent[] {
  const events: GuestEvent[] = []
  /** What is the case already, and was said. */
  let standing = new Set<string>()
  const names = new Set([guest])
  const isIt = (uuid: string, name?: string) => {
    if (names.has(uuid) || (name !== undefined && name === guest)) {
      names.add(uuid)
      return true
    }
    return false
  }
  for (const tick of ticks) {
    const now = new Set<string>()
    for (const { kind, text, standing: about } of [...actsOf(tick, isIt), ...restOf(tick, isIt)]) {
      const key = `${kind} ${about}`
      if (about === undefined || !standing.has(key)) events.push({ wallTime: tick.wallTime, kind, text })
      if (about !== undefined) now.add(key)
    }
    standing = now
  }
  return events
}

/** `standing`: what it is about, where it may be so for many ticks: figures in the text go on changing. */
type Said = Omit<GuestEvent, 'wallTime'> & { readonly standing?: string }
type IsIt = (uuid: string, name?: string) => boolean

function actsOf(tick: FleetTickRecord, isIt: IsIt): Said[] {
  const { outcomes, results, ordered, denied, foreign, plan } = tick
  const said: Said[] = []
  for (const { guest, outcome, error } of outcomes) {
    if (!isIt(guest)) continue
    const why = error ? `: ${error.message}` : ''
    said.push({ kind: outcome, text: outcome === 'done' ? 'migrated' : `its migration failed${why}` })
  }
  for (const result of results) {
    if (isIt(result.step.guest, result.step.guestName))
      said.push({ kind: 'result', text: resultText(result) })
  }
  for (const { guest, guestName } of foreign) {
    if (isIt(guest, guestName)) said.push({ kind: 'foreign', text: 'another program migrated it' })
  }
  for (const { step } of ordered) {
    if (!isIt(step.guest, step.guestName)) continue
    const { fromName, toName, predicted, reason } = step
    const text = `from ${fromName} to ${toName}: ${fleetSentenceOf(reason)}; predicted: ${figuresText(predicted)}`
    said.push({ kind: 'ordered', text })
    for (const one of plan.alternatives) {
      said.push({ kind: 'weighed', text: `weighed beside the plan: ${alternativeText(one)}` })
    }
  }
  for (const { step, reason } of denied) {
    if (!isIt(step.guest, step.guestName)) continue
    said.push({
      kind: 'denied',
      text: `not from ${step.fromName} to ${step.toName}: ${fleetSentenceOf(reason)}`,
      standing: `${step.to} ${reason.kind}`,
    })
  }
  return said
}

function restOf({ view, plan }: FleetTickRecord, isIt: IsIt): Said[] {
  const said: Said[] = []
  for (const { guest, guestName, reason } of plan.problems ?? []) {
    if (guest !== undefined && isIt(guest, guestName))
      said.push({ kind: 'no place', text: fleetSentenceOf(reason), standing: reason.kind })
  }
  const seen = view?.guests.find(({ host, report }) => {
    const own = view.hosts[host]?.report.guests[report]
    return own !== undefined && isIt(own.uuid, own.name)
  })
  // That it migrates is said when it is ordered.
  const stays = seen?.stays.filter(({ kind }) => kind !== 'migrating') ?? []
  if (stays.length > 0) {
    const standing = stays.map(({ kind }) => kind).join()
    said.push({ kind: 'stays', text: stays.map(fleetSentenceOf).join('; '), standing })
  }
  return said
}

const verdicts = { helped: 'it helped', 'no-help': 'it did not help', harm: 'it did harm' } as const

function resultText({ before, seen, verdict }: StepResult): string {
  return `${verdicts[verdict]}: before: ${figuresText(before)}; then: ${figuresText(seen)}`
}

function figuresText({ from, to }: StepResult['seen']): string {
  return `source ${hostText(from)}, target ${hostText(to)}`
}

function hostText({ delay, load }: HostFigures): string {
  const delayText = delay === undefined ? 'delay unknown' : `delay ${formatPercent(delay)}`
  return `${delayText} and load ${formatPercent(load)}`
}
