import type { Outcome, Tick } from '../control/tick.ts'
import type { Action } from '../view/plan.ts'
import { count, size } from './format.ts'
import { deviationPercent, isFullSample } from './placement.ts'
import { printable } from './printable.ts'

/** Wall-clock milliseconds without news after which a run says that all is well. */
const longestSilence = 60_000

/**
 * Tells a run of a controller in lines: every action with its reason and outcome; what was held back, left
 * alone or failed when it begins, and not again while it lasts; and, when there is nothing to tell, that
 * nothing is to be done: in the first tick and then once a minute.
 */
export class Narrator {
  #standing: ReadonlySet<string> = new Set()
  #spokeAt = -Infinity

  /** The lines that this tick adds. */
  lines(tick: Tick): string[] {
    const standing = new Map([
      ...tick.errors.map((error) => matter(error.code, error.message, error.message)),
      ...tick.clamps.map(({ rule, action, cause }) =>
        matter(`${rule} ${idOf(action)}`, cause, `held back: ${describe(action)}: ${cause}`),
      ),
      ...tick.leftAlone.map(({ uuid, domain, what, why }) =>
        matter(`${what} ${uuid}`, why, `left alone: ${what} of ${domain}: ${why}`),
      ),
    ])
    const news = [...standing].filter(([key]) => !this.#standing.has(key)).map(([, line]) => printable(line))
    this.#standing = new Set(standing.keys())
    const lines = [...news, ...tick.outcomes.map(outcomeLine)]
    if (tick.outcomes.length === 0 && tick.wallTime - this.#spokeAt >= longestSilence)
      lines.push(atRest(tick))
    if (lines.length > 0) this.#spokeAt = tick.wallTime
    const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
    return lines.map((line) => `${clock}  ${line}`)
  }
}

/** What is told once while it lasts: its key, in which the numbers of `text` do not count, and its line. */
function matter(subject: string, text: string, line: string): [key: string, line: string] {
  return [`${subject} ${text.replace(/\d+(\.\d+)?/g, '#')}`, line]
}

function idOf(action: Action): string {
  return action.kind === 'pin' ? `${action.uuid} ${action.vcpu}` : action.uuid
}

/** `pin aos_vm3 vCPU 0 to pCPU 2`, `set memory of aos_vm1 to 640 MiB`. */
function describe(action: Action): string {
  return action.kind === 'pin'
    ? `pin ${action.domain} vCPU ${action.vcpu} to pCPU ${action.cpus}`
    : `set memory of ${action.domain} to ${size(action.bytes)}`
}

function outcomeLine({ action, status, error }: Outcome): string {
  const prefix = { applied: '', 'dry-run': 'would ', failed: 'could not ' }[status]
  return printable(`${prefix}${describe(action)}: ${error ? error.message : action.reason}`)
}

function atRest({ view }: Tick): string {
  const guests = `${count(view.domains.length, 'guest')} on ${count(view.online.size, 'pCPU')}`
  const { committed, budget } = view.memory
  const balance = isFullSample(view)
    ? `deviation ${deviationPercent(view).toFixed(1)} %`
    : 'load not yet known'
  return `nothing to do: ${guests}, ${balance}, memory given ${size(committed)} of ${size(budget)}`
}
