import { effect } from '@preact/signals'
import type { Change } from '../../recording/changes.ts'
import type { FeedMessage } from '../../report/feed/messages.ts'
import type { Overview } from '../../report/feed/overview.ts'
import { type Moment, MomentReader } from './history.ts'
import { place } from './location.ts'
import { askJson, type RecordingInfo } from './requests.ts'
import { changes, moments, overview, problem } from './state.ts'

/** Pieces that are kept, beside those that are shown. */
const mostPieces = 12

/** Loads what there is of a whole recording, and follows the moment that is looked at with the pieces around it. */
export async function loadRecording({ pieces }: RecordingInfo): Promise<void> {
  const [rows, all] = await Promise.all([askJson<Overview>('overview'), askJson<Change[]>('changes')])
  overview.value = rows
  changes.value = all
  const kept = new Map<number, Promise<Moment[]>>()
  const piece = (index: number): Promise<Moment[]> => {
    const loaded = kept.get(index) ?? loadPiece(index)
    kept.delete(index)
    kept.set(index, loaded)
    loaded.catch(() => kept.delete(index))
    if (kept.size > mostPieces) kept.delete(kept.keys().next().value!)
    return loaded
  }
  let wanted = -1
  await new Promise<void>((resolve) => {
    effect(() => {
      const at = place.value.at ?? Number.POSITIVE_INFINITY
      const index = Math.max(
        0,
        pieces.findLastIndex(({ from }) => from <= at),
      )
      if (index === wanted) return
      wanted = index
      const around = [index - 1, index, index + 1].filter((i) => i >= 0 && i < pieces.length)
      Promise.all(around.map(piece)).then(
        (loaded) => {
          // Another may have been asked for meanwhile.
          if (wanted === index) moments.value = loaded.flat()
          resolve()
        },
        (error: unknown) => {
          problem.value = error instanceof Error ? error.message : String(error)
          wanted = -1
          resolve()
        },
      )
    })
  })
}

async function loadPiece(index: number): Promise<Moment[]> {
  const reader = new MomentReader()
  const messages = await askJson<FeedMessage[]>(`ticks-${index}`)
  return messages.flatMap((message) => reader.read(message) ?? [])
}
