import { effect } from '@preact/signals'
import type { Change } from '../../recording/changes.ts'
import type { FeedMessage } from '../../report/feed/messages.ts'
import type { Overview } from '../../report/feed/overview.ts'
import { type Moment, MomentReader } from './history.ts'
import { place } from './location.ts'
import { askJson, type Info, type RecordingInfo } from './requests.ts'
import { changes, info, moments, overview, problem } from './state.ts'

/** Pieces that are kept, beside those that are shown. */
const mostPieces = 12

/** Milliseconds until the server is asked for what it has read meanwhile: at first, and at most. */
const pauses = { first: 1_000, longest: 10_000 }

/** Ends it. */
let following: () => void = () => undefined

/** Loads what there is of a whole recording, and follows the moment that is looked at with the pieces around it. */
export async function loadRecording(): Promise<void> {
  await loadOverview()
  following()
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
    following = effect(() => {
      const pieces = piecesOf(info.value)
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

/** Takes in what the server goes on to read, until it has read all. A day of a large host takes it minutes. */
export async function readOn(): Promise<void> {
  for (let pause = pauses.first; ; pause = Math.min(2 * pause, pauses.longest)) {
    if (info.value?.kind !== 'recording' || info.value.isWhole) return
    await new Promise((resolve) => setTimeout(resolve, pause))
    const next = await askJson<Info>('info')
    await loadOverview()
    info.value = next
  }
}

async function loadOverview(): Promise<void> {
  const [rows, all] = await Promise.all([askJson<Overview>('overview'), askJson<Change[]>('changes')])
  overview.value = rows
  changes.value = all
}

function piecesOf(known: Info | undefined): RecordingInfo['pieces'] {
  return known?.kind === 'recording' ? known.pieces : []
}

async function loadPiece(index: number): Promise<Moment[]> {
  const reader = new MomentReader()
  const messages = await askJson<FeedMessage[]>(`ticks-${index}`)
  return messages.flatMap((message) => reader.read(message) ?? [])
}
