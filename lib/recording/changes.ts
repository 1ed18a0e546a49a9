import type { FiguresRecord } from '../report/figures-record.ts'
import type { ShownDecisions } from '../report/shown-tick.ts'
import type { ActionRecord, ResultRecord, TickDecisions } from '../report/tick-decisions.ts'
import type { Entry } from './entries.ts'
import { TickReader } from './tick-reader.ts'

/** A change of a guest, why it was made, and what came of it. */
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
  /** Over the three samples before it. Undefined: it failed, or the recording is of a Ballast that did not say. */
  readonly before: FiguresRecord | undefined
  readonly predicted: FiguresRecord | undefined
  /** Over the three samples after it; undefined: the recording ends before. */
  readonly after: FiguresRecord | undefined
  /** Over the last three samples of the minute after it. */
  readonly minuteAfter: FiguresRecord | undefined
  /** What was seen after it less what was predicted; undefined: another change came between, or nothing was seen yet. */
  readonly error: FiguresRecord | undefined
}

/** Milliseconds after which nothing is known any more of a change: its loop was interrupted, or lost entries. */
const patience = 120_000

type Open = { -readonly [K in keyof Change]: Change[K] }

/**
 * The changes in a recording, each once all is known of it, or no more will be; in that order. `concerns` says which guests are
 * of interest, by UUID and name.
 */
export async function* changes(
  entries: AsyncIterable<Entry>,
  concerns: (uuid: string, name: string) => boolean = () => true,
): AsyncGenerator<Change, void, undefined> {
  const ticks = new TickReader()
  const follower = new ChangeFollower(concerns)
  for await (const entry of entries) {
    if ('run' in entry) yield* follower.end()
    if ('tick' in entry) yield* follower.take(ticks.read(entry.tick)).ended
  }
  yield* follower.end()
}

/** Follows changes from Tick to Tick until all is known of them. */
export class ChangeFollower {
  readonly #concerns: (uuid: string, name: string) => boolean
  readonly #open = new Map<string, Open>()

  constructor(concerns: (uuid: string, name: string) => boolean = () => true) {
    this.#concerns = concerns
  }

  /**
   * Takes the next Tick: which changes it `begun`, and of which now all is known. What becomes known of a change later is
   * written into it.
   */
  take(tick: ShownDecisions): {
    readonly begun: readonly Change[]
    readonly ended: readonly Change[]
  } {
    const open = this.#open
    const ended: Change[] = []
    for (const result of tick.results ?? []) {
      const change = open.get(keyOf(result.tick, result))
      if (!change) continue
      take(change, result)
      if (result.after === 'samples') continue
      open.delete(keyOf(result.tick, result))
      ended.push(change)
    }
    for (const [key, change] of open) {
      if (tick.wallTime - change.wallTime < patience) continue
      open.delete(key)
      ended.push(change)
    }
    const begun = changesIn(tick).filter(({ outcome: { action } }) =>
      this.#concerns(action.uuid, action.domain),
    )
    for (const change of begun) {
      const { action, status } = change.outcome
      // What was not done has no result.
      if (status === 'applied') open.set(keyOf(tick.index, action), change)
      else ended.push(change)
    }
    return { begun, ended }
  }

  /** A loop ended: nothing more becomes known of these. */
  end(): Change[] {
    const left = [...this.#open.values()]
    this.#open.clear()
    return left
  }
}

function changesIn({
  index,
  wallTime,
  outcomes,
  explanation,
  rollbacks = [],
  clamps,
}: ShownDecisions): Open[] {
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
      before: outcome.before,
      predicted: outcome.predicted,
      after: undefined,
      minuteAfter: undefined,
      error: undefined,
    }
  })
}

function take(change: Open, { after, seen, error }: ResultRecord): void {
  if (after === 'minute') {
    change.minuteAfter = seen
  } else {
    change.after = seen
    change.error = error
  }
}

type Subject = Pick<ActionRecord, 'kind' | 'uuid'> & { readonly vcpu?: number | undefined }

/** What an action is about. */
function subjectOf({ kind, uuid, vcpu }: Subject): string {
  return `${kind} ${uuid} ${vcpu ?? ''}`
}

function keyOf(tick: number, subject: Subject): string {
  return `${tick} ${subjectOf(subject)}`
}
