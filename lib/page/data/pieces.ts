import type { FeedMessage } from '../../report/feed/messages.ts'
import { type Moment, MomentReader } from './history.ts'
import { askJson } from './requests.ts'

/** Pieces that are kept. */
const most = 12

/** The pieces of a recording that were looked at last. */
export class Pieces {
  readonly #loaded = new Map<number, readonly Moment[]>()

  /** Has it, when this resolves. */
  async load(index: number): Promise<void> {
    const moments = this.#loaded.get(index) ?? (await loadPiece(index))
    this.#loaded.delete(index)
    this.#loaded.set(index, moments)
    if (this.#loaded.size > most) this.#loaded.delete(this.#loaded.keys().next().value!)
  }

  /** The moments of a piece, and of those beside it that are there. */
  around(index: number): Moment[] {
    return [index - 1, index, index + 1].flatMap((near) => this.#loaded.get(near) ?? [])
  }
}

async function loadPiece(index: number): Promise<Moment[]> {
  const reader = new MomentReader()
  const messages = await askJson<FeedMessage[]>(`ticks-${index}`)
  return messages.flatMap((message) => reader.read(message) ?? [])
}
