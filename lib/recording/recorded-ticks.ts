import { domainOverhead, hostMemoryReserve } from '../control/defaults.ts'
import { type TickRecord, tickRecordOf } from '../report/tick-json.ts'
import type { View } from '../view/view.ts'
import type { Entry, RecordedTick, RunEntry } from './entries.ts'
import { recordedViews } from './recorded-views.ts'
import { TickReader, type WholeTick } from './tick-reader.ts'

/**
 * The Ticks of a recording as the loop had them, without deciding anew: what was decided is in the recording, and the
 * Views follow from its samples. A tick without a CPU sample of its own, as in an emergency, has the View of the one
 * before.
 */
export async function* recordedTicks(
  entries: AsyncIterable<Entry>,
): AsyncGenerator<TickRecord, void, undefined> {
  for await (const { view, tick } of viewedTicks(entries)) yield recordOf(view, tick)
}

/** A recorded Tick with its View. */
export interface ViewedTick {
  readonly view: View
  readonly tick: WholeTick
}

/** The same in parts; `began` is told of each loop that begins. */
export async function* viewedTicks(
  entries: AsyncIterable<Entry>,
  began: (run: RunEntry['run']) => void = () => undefined,
): AsyncGenerator<ViewedTick, void, undefined> {
  const reader = new TickReader()
  const targets = new Map<string, number>()
  let reserve: number | undefined
  let others: WholeTick[] = []
  let before: View | undefined
  const take = (recorded: RecordedTick): WholeTick => {
    const tick = reader.read(recorded)
    for (const { action, status } of tick.outcomes) {
      if (action.kind === 'setMemory' && status === 'applied') targets.set(action.uuid, action.bytes)
    }
    return tick
  }
  const views = recordedViews(entries, {
    began(run) {
      began(run)
      targets.clear()
      reserve = reserveIn(run.configuration)
    },
    other: (tick) => others.push(take(tick)),
    limits: ({ memory }) => ({ hostMemoryReserve: reserve ?? hostMemoryReserve(memory), domainOverhead }),
    targets,
  })
  for await (const { view, tick } of views) {
    if (before) for (const tick of others) yield { view: before, tick }
    others = []
    before = view
    yield { view, tick: take(tick) }
  }
  if (before) for (const tick of others) yield { view: before, tick }
}

function recordOf(view: View, { scores, ...decisions }: WholeTick): TickRecord {
  return tickRecordOf(view, decisions, ({ uuid }) => scores.get(uuid) ?? {})
}

/** The option of the loop that was recorded, where it was given. */
function reserveIn(configuration: unknown): number | undefined {
  const { loop } = (configuration ?? {}) as { readonly loop?: { readonly hostMemoryReserve?: unknown } }
  const reserve = loop?.hostMemoryReserve
  return typeof reserve === 'number' ? reserve : undefined
}
