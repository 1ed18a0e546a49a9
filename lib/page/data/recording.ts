import { effect } from '@preact/signals'
import type { Change } from '../../recording/changes.ts'
import type { Overview } from '../../report/feed/overview.ts'
import { place } from './location.ts'
import { Pieces } from './pieces.ts'
import { askJson, type Info, type RecordingInfo } from './requests.ts'
import { changes, info, moments, overview, problem } from './state.ts'

/** Milliseconds from one piece to the next at least: as fast as the server lets one ask. */
const spacing = 50

/** Milliseconds until the server is asked for what it has read meanwhile: at first, and at most. */
const pauses = { first: 1_000, longest: 10_000 }

/** Ends it. */
let following: () => void = () => undefined

/** Loads what there is of a whole recording, and follows the moment that is looked at with the pieces around it. */
export async function loadRecording(): Promise<void> {
  await loadOverview()
  following()
  const pieces = new Pieces()
  let wanted = -1
  let isLoading = false
  const load = async (): Promise<void> => {
    if (isLoading) return
    isLoading = true
    try {
      // One after the other: a slider that is dragged over a day passes hundreds of them, and only where it is now counts.
      for (let done = -1; done !== wanted; ) {
        const index = wanted
        const spaced = pauseFor(spacing)
        await pieces.load(index)
        moments.value = pieces.around(index)
        await spaced
        for (const near of [index - 1, index + 1]) {
          if (index === wanted && piecesOf(info.value)[near]) await pieces.load(near)
        }
        if (index === wanted) moments.value = pieces.around(index)
        done = index
      }
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
      wanted = -1
    } finally {
      isLoading = false
    }
  }
  let first: Promise<void> | undefined
  following = effect(() => {
    const at = place.value.at ?? Number.POSITIVE_INFINITY
    const index = Math.max(
      0,
      piecesOf(info.value).findLastIndex(({ from }) => from <= at),
    )
    if (index === wanted) return
    wanted = index
    const loaded = load()
    first ??= loaded
  })
  await first
}

/** Takes in what the server goes on to read, until it has read all. A day of a large host takes it minutes. */
export async function readOn(): Promise<void> {
  for (let pause = pauses.first; ; pause = Math.min(2 * pause, pauses.longest)) {
    if (info.value?.kind !== 'recording' || info.value.isWhole) return
    await pauseFor(pause)
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

function pauseFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
