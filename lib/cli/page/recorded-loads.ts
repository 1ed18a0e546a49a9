import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { toPlain } from '../../recording/plain.ts'
import type { StoredRecording } from '../../recording/read-recording.ts'
import { fitRecording, TooShort } from '../../whatif/fit.ts'

/** Milliseconds of a load: what a browser can play in a minute or so. */
const longest = 3_600_000
/** Loads that are kept. */
const most = 4

/** Loads fitted to hours of recordings, for pages that play them under other policies. */
export class RecordedLoads {
  readonly #open: () => Promise<readonly StoredRecording[]>
  readonly #pieces: readonly { readonly from: number }[]
  readonly #kept = new Map<number, Promise<Buffer>>()

  /** `open` gives the recordings anew: each can be read once. */
  constructor(open: () => Promise<readonly StoredRecording[]>, pieces: readonly { readonly from: number }[]) {
    this.#open = open
    this.#pieces = pieces
  }

  /** The hour that begins with the piece of this number, as `load-NUMBER`; undefined: that is no name of one. */
  document(name: string): Promise<Buffer> | undefined {
    const index = Number(/^load-(\d{1,6})$/.exec(name)?.[1] ?? Number.NaN)
    const from = this.#pieces[index]?.from
    if (from === undefined) return undefined
    const fitted = this.#kept.get(index) ?? this.#fit(from)
    this.#kept.delete(index)
    this.#kept.set(index, fitted)
    fitted.catch(() => this.#kept.delete(index))
    if (this.#kept.size > most) this.#kept.delete(this.#kept.keys().next().value!)
    return fitted
  }

  async #fit(from: number): Promise<Buffer> {
    let tooShort: unknown
    for (const { entries } of await this.#open()) {
      const fitted = await fitRecording(entries, { from, to: from + longest }).catch((error: unknown) => {
        if (!(error instanceof TooShort)) throw error
        tooShort ??= error
      })
      if (!fitted) continue
      const { load, figures, run } = fitted
      const answer = { load, recorded: figures.record(), configuration: run?.configuration }
      return promisify(gzip)(JSON.stringify(toPlain(answer)))
    }
    throw tooShort
  }
}
