import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { StoredRecording } from '../../recording/read-recording.ts'
import type { PeriodOptions } from '../recording/options.ts'
import { version } from '../version.ts'
import type { PageSource } from './page-server.ts'
import { policyFields } from './policy-fields.ts'
import { RecordedLoads } from './recorded-loads.ts'
import { RecordedPieces } from './recorded-pieces.ts'

const compress = promisify(gzip)

/** The documents of a page of recordings, which are read on while the page is there. */
export interface RecordedPage extends PageSource {
  /** Resolves as soon as it is known whether there is a tick to show; rejects when reading fails before. */
  readonly hasTicks: Promise<boolean>
  /** Resolves when all is read; rejects with why it cannot be. */
  readonly whole: Promise<WholePage>
}

export interface WholePage {
  readonly ticks: number
  /** What the recordings lack, in words. */
  readonly problems: readonly string[]
}

/**
 * Begins to read the recordings of one host that `open` gives, until `signal` is aborted, and keeps what a page of them
 * asks for, compressed. A day of a large host takes minutes: what was read so far can be shown meanwhile.
 */
export async function readRecordedPage(
  open: () => Promise<readonly StoredRecording[]>,
  period: PeriodOptions,
  signal: AbortSignal,
): Promise<RecordedPage> {
  const recordings = await open()
  const reader = new RecordedPieces(period)
  const { overview, changes, pieces } = reader
  let isWhole = false
  const read = async (): Promise<void> => {
    for (const { entries } of recordings) await reader.read(entries, signal)
    await reader.endPiece()
  }
  const problems = () => recordings.flatMap((recording) => recording.problems)
  const whole = read()
    .finally(() => {
      isWhole = true
    })
    .then(() => ({ ticks: overview.wallTime.length, problems: problems() }))
  const info = () => ({
    kind: 'recording',
    ballast: version(),
    uri: recordings[0]?.header.uri,
    policies: policyFields(),
    pieces: pieces.map(({ from, to }) => ({ from, to })),
    isWhole,
    problems: problems(),
  })
  const growing = new GrowingDocuments({ info, overview: () => overview, changes: () => changes })
  const loads = new RecordedLoads(open, pieces)
  return {
    hasTicks: Promise.race([reader.begun.then(() => true), whole.then(({ ticks }) => ticks > 0)]),
    whole,
    document(name) {
      const piece = /^ticks-(\d{1,6})$/.exec(name)?.[1]
      if (piece !== undefined) return pieces[Number(piece)]?.body
      return growing.document(name, `${pieces.length} ${isWhole}`) ?? loads.document(name)
    },
  }
}

/** Documents that are made when they are asked for, and again when there is more. */
class GrowingDocuments {
  readonly #contents: Readonly<Record<string, () => unknown>>
  #made = new Map<string, Promise<Buffer>>()
  #state = ''

  constructor(contents: Readonly<Record<string, () => unknown>>) {
    this.#contents = contents
  }

  /** As of a state of what they are made from, in words that change with it. */
  document(name: string, state: string): Promise<Buffer> | undefined {
    if (!Object.hasOwn(this.#contents, name)) return undefined
    if (state !== this.#state) this.#made = new Map()
    this.#state = state
    const made = this.#made.get(name) ?? compress(JSON.stringify(this.#contents[name]!()))
    this.#made.set(name, made)
    return made
  }
}
