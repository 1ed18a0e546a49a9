import type { CpuSample, MemorySample } from '../host/sample.ts'
import type { ActionRecord, TickDecisions } from '../report/tick-decisions.ts'
import type { Entry } from './entries.ts'
import { type CpuFigures, cpuFigures, type MemoryFigures, memoryFigures } from './figures.ts'
import { SampleReader } from './sample-reader.ts'
import { TickReader } from './tick-reader.ts'

/** What was seen of a guest around a change; a half that has nothing to do with the change is left out. */
export interface Seen {
  readonly cpu?: CpuFigures | undefined
  readonly memory?: MemoryFigures | undefined
}

/** A change of a guest, why it was made, and what was seen of it. */
export interface Change {
  readonly tick: number
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  readonly outcome: TickDecisions['outcomes'][number]
  /** How the scheduler chose among the moves that it weighed; of moves only. */
  readonly explanation?: TickDecisions['explanation'] | undefined
  /** The change undoes an earlier one, which did harm. */
  readonly isRollback: boolean
  /** What the guard made of the policy's request, where that was another. */
  readonly clamp?: TickDecisions['clamps'][number] | undefined
  readonly before: Seen
  /** Over the three samples after it; undefined: the recording ends before. */
  readonly after: Seen | undefined
  /** Over the last samples of the minute after it. */
  readonly minuteAfter: Seen | undefined
}

/** Samples that figures are a mean of. */
const samplesOfFigures = 3
const minute = 60_000

interface OpenChange {
  readonly change: Omit<Change, 'after' | 'minuteAfter'>
  readonly t: number
  /** CPU samples since. */
  samples: number
  after: Seen | undefined
}

/**
 * The changes in a recording, each once a minute of it has passed, or at its end; in that order. `concerns` says
 * which guests are of interest, by UUID and name.
 */
export async function* changes(
  entries: AsyncIterable<Entry>,
  concerns: (uuid: string, name: string) => boolean = () => true,
): AsyncGenerator<Change, void, undefined> {
  const reader = new SampleReader()
  const cpu: CpuSample[] = []
  const memory: MemorySample[] = []
  let open: OpenChange[] = []
  const seenOf = ({ kind, uuid, ...action }: ActionRecord): Seen => {
    if (kind === 'setMemory') return { memory: memoryFigures(memory, uuid) }
    return { cpu: cpuFigures(cpu, uuid, 'vcpu' in action ? action.vcpu : undefined) }
  }
  const ticks = new TickReader()
  for await (const entry of entries) {
    if ('domains' in entry) reader.domains(entry)
    else if ('memory' in entry) keepLast(memory, reader.memory(entry))
    else if ('cpu' in entry) {
      keepLast(cpu, reader.cpu(entry))
      const due = (one: OpenChange) => entry.t - one.t >= minute
      for (const one of open) {
        if (++one.samples === samplesOfFigures) one.after = seenOf(one.change.outcome.action)
      }
      for (const { change, after } of open.filter(due)) {
        yield { ...change, after, minuteAfter: seenOf(change.outcome.action) }
      }
      open = open.filter((one) => !due(one))
    } else if ('tick' in entry) {
      for (const change of changesIn(ticks.read(entry.tick), seenOf)) {
        const { uuid, domain } = change.outcome.action
        if (concerns(uuid, domain)) open.push({ change, t: entry.t, samples: 0, after: undefined })
      }
    }
  }
  for (const { change, after } of open) yield { ...change, after, minuteAfter: undefined }
}

function changesIn(
  { index, wallTime, outcomes, explanation, rollbacks = [], clamps }: TickDecisions,
  seenOf: (action: ActionRecord) => Seen,
): OpenChange['change'][] {
  const undone = new Set(rollbacks.flatMap(({ plan }) => plan.map(subjectOf)))
  return outcomes.map((outcome) => {
    const { action } = outcome
    const subject = subjectOf(action)
    return {
      tick: index,
      wallTime,
      outcome,
      explanation: action.kind === 'pin' ? explanation : undefined,
      isRollback: undone.has(subject),
      clamp: clamps.find(({ result, action: asked }) => result === 'changed' && subjectOf(asked) === subject),
      before: seenOf(action),
    }
  })
}

/** What an action is about. */
function subjectOf(action: ActionRecord): string {
  return `${action.kind} ${action.uuid} ${action.kind === 'pin' ? action.vcpu : ''}`
}

function keepLast<T>(kept: T[], next: T): void {
  kept.push(next)
  if (kept.length > samplesOfFigures) kept.shift()
}
