import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Change, ChangeFollower } from '../../recording/changes.ts'
import { isWhole, toldIn } from '../../recording/configuration.ts'
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

/** Ticks that a page asks for at once. */
const pieceTicks = 120

const compress = promisify(gzip)

/** What a page asks for of recordings, taken in as they are read: all of it is of whole pieces. */
export class RecordedPieces {
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
  #begunChanges: Change[] = []
  /** Resolves when the first piece is there. */
  readonly begun: Promise<void>
  #begin: () => void = () => undefined

  constructor(period: PeriodOptions) {
    this.#period = period
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  async read(entries: StoredRecording['entries'], signal: AbortSignal): Promise<void> {
    const ticks = viewedTicks(entries, ({ configuration }) => {
      this.#follower.end()
      this.#setup = setupIn(configuration)
    })
    for await (const { view, tick } of ticks) {
      if (signal.aborted) return
      await this.#take(view, tick)
    }
  }

  /** To be called when nothing more comes, too. */
  async endPiece(): Promise<void> {
    const [from, to] = [this.#times[0], this.#times.at(-1)]
    if (from === undefined || to === undefined) return
    this.pieces.push({ from, to, body: await compress(JSON.stringify(this.#messages)) })
    for (const message of this.#messages)
      if ('tick' in message) append(this.overview, overviewRow(message.tick))
    this.changes.push(...this.#begunChanges)
    this.#messages = []
    this.#times = []
    this.#begunChanges = []
    this.#begin()
  }

  async #take(view: View, { scores, ...decisions }: WholeTick): Promise<void> {
    const { begun } = this.#follower.take(decisions)
    if (!isWithin(decisions.wallTime, this.#period)) return
    this.#begunChanges.push(...begun)
    if (this.#times.length === 0) {
      this.#writer.reset()
      if (this.#setup) this.#messages.push({ setup: this.#setup })
    }
    const column = (of: 'cpu' | 'memory') =>
      Float64Array.from(view.domains, ({ uuid }) => scores.get(uuid)?.[of] ?? Number.NaN)
    const columns = { cpu: column('cpu'), memory: column('memory') }
    this.#messages.push(...this.#writer.write({ view, scores: columns, decisions }))
    this.#times.push(decisions.wallTime)
    if (this.#times.length >= pieceTicks) await this.endPiece()
  }
}

/** Undefined: a script recorded, and does not say with which policies. */
function setupIn(configuration: RunEntry['run']['configuration']): FeedSetup | undefined {
  const told = toldIn(configuration)
  if (!isWhole(told)) return undefined
  const { loop, policies } = told
  return known({
    scheduler: policies.scheduler?.name,
    ballooning: policies.ballooning?.name,
    ksm: policies.ksm?.name,
    dryRun: loop.dryRun ?? false,
    interval: loop.interval,
  })
}
