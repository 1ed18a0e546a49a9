import { shortage, sufferers } from '../control/emergencies.ts'
import type { MergingTurn, Outcome, Tick } from '../control/tick.ts'
import { printable } from '../host/printable.ts'
import type { Action } from '../view/plan.ts'
import { size, standing } from './format.ts'

/** Wall-clock milliseconds without news after which a run says that all is well. */
const longestSilence = 60_000

/**
 * Tells a run of a controller in lines: every action with its reason and outcome; what was held back, left
 * alone or failed when it begins, and not again while it lasts; and, when there is nothing to tell, that
 * nothing changes: at the beginning and then once a minute.
 */
export class Narrator {
  #standing: ReadonlySet<string> = new Set()
  #spokeAt = -Infinity

  /** The lines that this tick adds. */
  lines(tick: Tick): string[] {
    const news = this.#news([
      ...tick.errors.map((error) => matter(error.code, error.message, '')),
      ...tick.clamps.map(({ rule, action, cause }) =>
        matter(`${rule} ${idOf(action)}`, cause, `held back: ${describe(action)}: `),
      ),
      ...tick.leftAlone.map(({ uuid, domain, what, why }) =>
        matter(`${what} ${uuid}`, why, `left alone: ${what} of ${domain}: `),
      ),
      ...(tick.merging?.leftAlone === undefined
        ? []
        : [matter('merging', tick.merging.leftAlone, 'left alone: same-page merging: ')]),
    ])
    const lines = [...news, ...emergency(tick), ...tick.outcomes.map(outcomeLine)]
    if (tick.merging?.outcome) lines.push(mergingLine(tick.merging.outcome))
    if (lines.length > 0) this.#spokeAt = tick.wallTime
    if (tick.index === 0) lines.unshift(`first look: ${standing(tick.view).join(', ')}`)
    else if (tick.wallTime - this.#spokeAt >= longestSilence) {
      lines.push(`no change: ${standing(tick.view).join(', ')}`)
      this.#spokeAt = tick.wallTime
    }
    const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
    return lines.map((line) => `${clock}  ${line}`)
  }

  #news(matters: readonly Matter[]): string[] {
    const before = this.#standing
    this.#standing = new Set(matters.map(({ key }) => key))
    return matters.filter(({ key }) => !before.has(key)).map(({ line }) => printable(line))
  }
}

/** Why there is a tick between two beats. */
function emergency({ cause, view }: Tick): string[] {
  if (cause !== 'emergency') return []
  const names = sufferers(view).map(({ name }) => name)
  return [
    ...(names.length > 0
      ? [printable(`emergency: ${names.join(', ')} cannot wait for memory until the next look`)]
      : []),
    ...(shortage(view) > 0 ? [`emergency: the host is short of memory (${view.memory.state})`] : []),
  ]
}

/** What is told when it begins and not again while it lasts. */
interface Matter {
  readonly key: string
  readonly line: string
}

/** The numbers of `text` do not make it another matter. */
function matter(subject: string, text: string, prefix: string): Matter {
  return { key: `${subject} ${text.replace(/\d+(\.\d+)?/g, '#')}`, line: `${prefix}${text}` }
}

function idOf(action: Action): string {
  return action.kind === 'pin' ? `${action.uuid} ${action.vcpu}` : `${action.kind} ${action.uuid}`
}

/** `pin aos_vm3 vCPU 0 to pCPU 2`, `set memory of aos_vm1 to 640 MiB`. */
function describe(action: Action): string {
  switch (action.kind) {
    case 'pin':
      return `pin ${action.domain} vCPU ${action.vcpu} to pCPU ${action.cpus}`
    case 'setShares':
      return `set cpu_shares of ${action.domain} to ${action.shares}`
    case 'setMemory':
      return `set memory of ${action.domain} to ${size(action.bytes)}`
  }
}

function mergingLine({ action, status, error }: NonNullable<MergingTurn['outcome']>): string {
  const what = `look for equal pages: ${action.pagesToScan} each ${action.sleep} ms`
  return printable(`${prefixes[status]}${what}: ${error ? error.message : action.reason}`)
}

const prefixes = { applied: '', 'dry-run': 'would ', failed: 'could not ' } as const

function outcomeLine({ action, status, error }: Outcome): string {
  return printable(`${prefixes[status]}${describe(action)}: ${error ? error.message : action.reason}`)
}
