import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Change, ChangeFollower } from '../../recording/changes.ts'
import { configurationIn } from '../../recording/configuration.ts'
import type { RunEntry } from '../../recording/entries.ts'
import type { StoredRecording } from '../../recording/read-recording.ts'
import { viewedTicks } from '../../recording/recorded-ticks.ts'
import type { WholeTick } from '../../recording/tick-reader.ts'
import { FeedWriter } from '../../report/feed/feed-writer.ts'
import type { FeedMessage, FeedSetup } from '../../report/feed/messages.ts'
import { append, emptyOverview, overviewRow } from '../../report/feed/overview.ts'
import { known } from '../../report/known-fields.ts'
import type { View } from '../../view/view.ts'
import { isWithin, type PeriodOptions } from '../recording/options.ts'
import { version } from '../version.ts'
import type { PageSource } from './page-server.ts'
import { policyFields } from './policy-fields.ts'
import { RecordedLoads } from './recorded-loads.ts'

/** Ticks that a page asks for at once. */
const pieceTicks = 120

const compress = promisify(gzip)

/** The documents of a page of recordings. */
export interface RecordedPage extends PageSource {
  /** Ticks that there are. */
  readonly ticks: number
  /** What the recordings lack, in words. */
  readonly problems: readonly string[]
}

/** Reads the recordings of one host that `open` gives, and keeps what a page of them asks for, compressed. */
export async function readRecordedPage(
  open: () => Promise<readonly StoredRecording[]>,
  period: PeriodOptions,
): Promise<RecordedPage> {
  const recordings = await open()
  const reader = new RecordedTicks(period)
  for (const recording of recordings) await reader.read(recording)
  await reader.endPiece()
  const { overview, changes, pieces } = reader
  const problems = recordings.flatMap((recording) => recording.problems)
  const info = {
    kind: 'recording',
    ballast: version(),
    uri: recordings[0]?.header.uri,
    policies: policyFields(),
    pieces: pieces.map(({ from, to }) => ({ from, to })),
    problems,
  }
  const documents = new Map(pieces.map(({ body }, index) => [`ticks-${index}`, body]))
  for (const [name, content] of Object.entries({ info, overview, changes })) {
    documents.set(name, await compress(JSON.stringify(content)))
  }
  const loads = new RecordedLoads(open, pieces)
  return {
    ticks: overview.wallTime.length,
    problems,
    document: (name) => documents.get(name) ?? loads.document(name),
  }
}

class RecordedTicks {
  readonly overview = emptyOverview()
  readonly changes: Change[] = []
  /** Milliseconds since the epoch, and the messages as compressed JSON. */
  readonly pieces: { readonly from: number; readonly to: number; readonly body: Buffer }[] = []
  readonly #period: PeriodOptions
  readonly #writer = new FeedWriter()
  readonly #follower = new ChangeFollower()
  #setup: FeedSetup | undefined
  #messages: FeedMessage[] = []
  #times: number[] = []

  constructor(period: PeriodOptions) {
    this.#period = period
  }

  async read({ entries }: StoredRecording): Promise<void> {
    const ticks = viewedTicks(entries, ({ configuration }) => {
      this.#follower.end()
      this.#setup = setupIn(configuration)
    })
    for await (const { view, tick } of ticks) await this.#take(view, tick)
  }

  async endPiece(): Promise<void> {
    const [from, to] = [this.#times[0], this.#times.at(-1)]
    if (from === undefined || to === undefined) return
    this.pieces.push({ from, to, body: await compress(JSON.stringify(this.#messages)) })
    this.#messages = []
    this.#times = []
  }

  async #take(view: View, { scores, ...decisions }: WholeTick): Promise<void> {
    const { begun } = this.#follower.take(decisions)
    if (!isWithin(decisions.wallTime, this.#period)) return
    this.changes.push(...begun)
    if (this.#times.length === 0) {
      this.#writer.reset()
      if (this.#setup) this.#messages.push({ setup: this.#setup })
    }
    const column = (of: 'cpu' | 'memory') =>
      Float64Array.from(view.domains, ({ uuid }) => scores.get(uuid)?.[of] ?? Number.NaN)
    const columns = { cpu: column('cpu'), memory: column('memory') }
    for (const message of this.#writer.write({ view, scores: columns, decisions })) {
      this.#messages.push(message)
      if ('tick' in message) append(this.overview, overviewRow(message.tick))
    }
    this.#times.push(decisions.wallTime)
    if (this.#times.length >= pieceTicks) await this.endPiece()
  }
}

function setupIn(configuration: RunEntry['run']['configuration']): FeedSetup {
  const { loop, policies } = configurationIn(configuration)
  return known({
    scheduler: policies.scheduler?.name,
    ballooning: policies.ballooning?.name,
    ksm: policies.ksm?.name,
    dryRun: loop.dryRun ?? false,
    interval: loop.interval,
  })
}
