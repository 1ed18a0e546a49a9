import { domainOverhead, guestFloor, guestMargin } from '../../../../lib/control/defaults.ts'
import type { Outcome, Tick } from '../../../../lib/control/tick.ts'
import { isRunning } from '../../../../lib/host/sample.ts'
import type { PinAction, SetMemoryAction } from '../../../../lib/policy/plan.ts'
import { KiB } from '../../../../lib/util/units.ts'
import type { DomainView, View } from '../../../../lib/view/view.ts'
import type { Call } from './tap.ts'

/** What whoever breaks the lab knows, on the host's clock, and the controllers have to find out. */
export interface Facts {
  /** Times without a connection; `back` is undefined while there is none. */
  readonly gaps: { readonly lost: number; readonly back: number | undefined }[]
  /** Runs of domains that have ended. */
  readonly ended: { readonly uuid: string; readonly id: number; readonly at: number }[]
  /** Domains that somebody has paused; `until` is undefined while they are. */
  readonly paused: { readonly uuid: string; readonly from: number; until: number | undefined }[]
}

export function noFacts(): Facts {
  return { gaps: [], ended: [], paused: [] }
}

/**
 * Each action of a turn that should not have been, in words: on another guest than the one meant or on none, on one that
 * is paused or stuck, a pin outside the allowed set, a shrink below use and margin, a grant beyond the budget, a
 * decision on what was known before the connection was lost. Held against the View that it was decided on,
 * against what was really so, and not against the guard: what is wrong here is computed anew.
 */
export function wrongActions(tick: Tick, calls: readonly Call[], facts: Facts): string[] {
  return [...tick.outcomes.flatMap((outcome) => wrongsOf(outcome, tick, calls, facts)), ...overBudget(tick)]
}

function wrongsOf(outcome: Outcome, tick: Tick, calls: readonly Call[], facts: Facts): string[] {
  const { action, status } = outcome
  if (status === 'dry-run') return []
  const { view } = tick
  const domain = view.domains.find(({ uuid }) => uuid === action.uuid)
  if (!domain || domain.name !== action.domain)
    return [`${action.kind} of ${action.domain}: no such guest was seen`]
  const made = calls.filter((call) => call.uuid === action.uuid && isOf(call, outcome))
  const why = [
    ...(isRunning(domain.state) ? [] : ['it was seen not to run']),
    ...(domain.memory.hold === 'stuck' ? ['it was known to be stuck'] : []),
    ...afterGap(tick),
    ...made.flatMap((call) => untrue(call, view, domain, facts)),
    ...(action.kind === 'pin' ? wrongPin(action, view) : []),
    ...(action.kind === 'setMemory' ? wrongSize(action, domain) : []),
  ]
  return why.map((reason) => `${action.kind} of ${domain.name}: ${reason}`)
}

function isOf(call: Call, { action }: Outcome): boolean {
  return call.kind === action.kind && (action.kind !== 'pin' || call.vcpu === action.vcpu)
}

/** The first View after a gap knows of no interval; one without a new sample tells of the loss. */
function afterGap({ index, view, errors }: Tick): string[] {
  if (errors.some(({ code }) => code === 'ERR_DISCONNECTED')) return ['there was no connection']
  return index > 0 && view.interval === undefined ? ['nothing was known but what had been before a gap'] : []
}

/** What was not, or no longer, as the View has it. */
function untrue(call: Call, view: View, { id }: DomainView, { gaps, ended, paused }: Facts): string[] {
  const isThis = ({ uuid }: { readonly uuid: string }) => uuid === call.uuid
  return [
    ...(call.done && gaps.some(({ lost, back }) => view.time < lost && back !== undefined && call.at >= back)
      ? ['it was decided before a gap and done after it']
      : []),
    ...(call.done && ended.some((run) => isThis(run) && run.id === id && run.at <= call.at)
      ? ['the run that it was meant for had ended']
      : []),
    ...(paused.some((pause) => isThis(pause) && pause.from < view.time && call.at < (pause.until ?? Infinity))
      ? ['it was paused']
      : []),
  ]
}

function wrongPin({ uuid, vcpu, cpus }: PinAction, view: View): string[] {
  const seen = view.vcpus.find((one) => one.domain.uuid === uuid && one.vcpu === vcpu)
  if (!seen) return [`it has no vCPU ${vcpu}`]
  const may = seen.allowed.and(view.online)
  return cpus.isEmpty || !cpus.isSubsetOf(may) ? [`${cpus} is not within ${may}`] : []
}

function wrongSize({ bytes }: SetMemoryAction, { memory, settings }: DomainView): string[] {
  const { hold, actual, target = 0, available = 0, usable, unused, maximum = Infinity } = memory
  if (hold !== undefined) return [`its memory was on hold: ${hold}`]
  const spare = usable ?? unused
  if (actual === undefined || spare === undefined) return ['its memory was not known']
  if (bytes > Math.max(maximum, actual, target)) return [`${bytes} is above its maximum`]
  if (bytes >= actual) return []
  const least = Math.max(
    Math.max(actual, available) - spare + guestMargin,
    guestFloor,
    settings.memoryFloor ?? 0,
  )
  return bytes + KiB <= least ? [`shrunk to ${bytes}, needs ${Math.round(least)}`] : []
}

/** One for a turn in which something was granted and all together is more than the budget. */
function overBudget({ outcomes, view }: Tick): string[] {
  const granted = new Map(
    outcomes.flatMap(({ action, status }) =>
      action.kind === 'setMemory' && status !== 'dry-run' ? [[action.uuid, action.bytes]] : [],
    ),
  )
  const grows = view.domains.some(({ uuid, memory: { actual = 0, target = 0 } }) => {
    return (granted.get(uuid) ?? 0) > Math.max(actual, target)
  })
  if (!grows) return []
  const held = view.domains.reduce((sum, { uuid, memory }) => {
    const { actual, maximum = 0, target = 0, rss = 0 } = memory
    if (actual === undefined) return sum + Math.max(Math.max(maximum, target) + domainOverhead, rss)
    return sum + Math.max(actual, target, granted.get(uuid) ?? 0) + Math.max(domainOverhead, rss - actual)
  }, 0)
  return held > view.memory.budget + KiB
    ? [`${held} bytes held or granted, the budget is ${view.memory.budget}`]
    : []
}
