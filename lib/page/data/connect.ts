import { type Change, ChangeFollower } from '../../recording/changes.ts'
import type { FeedMessage } from '../../report/feed/messages.ts'
import { append, emptyOverview, overviewRow } from '../../report/feed/overview.ts'
import { events } from './events.ts'
import { History, MomentReader } from './history.ts'
import { loadRecording, readOn } from './recording.ts'
import { askJson, type Info, TokenNeeded } from './requests.ts'
import { changes, connection, info, moments, overview, problem } from './state.ts'

/** Changes that are kept of a loop that goes on. */
const mostChanges = 5_000

/** Milliseconds within which all results of a change are there. */
const resultsWithin = 150_000

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** `fetch` fails by a TypeError when there is no answer, in words of the browser. */
function textOf(error: unknown): string {
  if (error instanceof TypeError) return 'Ballast does not answer: it has ended, or cannot be reached'
  return error instanceof Error ? error.message : String(error)
}

/** Connects, and connects again, for as long as the page is open. */
export async function connect(): Promise<void> {
  for (;;) {
    try {
      info.value = await askJson<Info>('info')
      if (info.value.kind === 'recording') {
        await loadRecording()
        connection.value = 'recording'
        return await readOn()
      }
      await follow(events(new AbortController().signal))
      problem.value = 'the server has ended'
    } catch (error) {
      if (error instanceof TokenNeeded) {
        connection.value = 'token-needed'
        return
      }
      problem.value = textOf(error)
    }
    connection.value = 'lost'
    await pause(2_000)
  }
}

/** Takes in what happens until it ends. */
export async function follow(batches: AsyncIterable<FeedMessage[]>): Promise<void> {
  const kept = new History()
  const reader = new MomentReader()
  const follower = new ChangeFollower()
  const all: Change[] = []
  const rows = emptyOverview()
  for await (const messages of batches) {
    for (const message of messages) {
      if ('setup' in message) follower.end()
      const moment = reader.read(message)
      if (!moment) continue
      kept.push(moment)
      append(rows, overviewRow(moment.tick))
      all.push(...follower.take({ ...moment.tick, ...moment.standing }).begun)
    }
    const first = kept.moments[0]?.tick.wallTime ?? 0
    const gone = rows.wallTime.findIndex((time) => time >= first)
    if (gone > 0) for (const column of Object.values(rows)) column.splice(0, gone)
    if (all.length > mostChanges) all.splice(0, all.length - mostChanges)
    // Results are written into changes that are there already: as other objects they are drawn anew.
    const settled = (kept.moments.at(-1)?.tick.wallTime ?? 0) - resultsWithin
    changes.value = all.map((change) => (change.wallTime > settled ? { ...change } : change))
    overview.value = { ...rows }
    moments.value = [...kept.moments]
    connection.value = 'live'
  }
}
