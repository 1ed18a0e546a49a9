import type { RecordedLoad } from '../simulator/question.ts'
import { ask, askJson, type LiveInfo, type RecordingInfo } from './requests.ts'

/** Milliseconds that are played at most, as the server has them. */
const hour = 3_600_000

/** An hour, or what there is of it, that can be played. */
export interface Playable {
  /** Milliseconds since the epoch. */
  readonly from: number
  /** Milliseconds; undefined: how much there is only the server knows. */
  readonly period: number | undefined
  load(): Promise<RecordedLoad>
}

/** The hour from a moment on, or the last one. Of a loop that runs it ends now. */
export function playableFrom(info: LiveInfo | RecordingInfo, at: number, newest: number): Playable {
  if (info.kind === 'live') {
    const from = Math.min(at, newest - hour)
    return {
      from,
      period: undefined,
      load: async () => ({ kind: 'entries', body: await (await ask('hour')).arrayBuffer(), from }),
    }
  }
  const { pieces } = info
  const to = pieces.at(-1)?.to ?? 0
  const begin = Math.min(at, to - hour)
  const index = Math.max(
    0,
    pieces.findLastIndex(({ from }) => from <= begin),
  )
  const from = pieces[index]?.from ?? 0
  return {
    from,
    period: Math.min(hour, to - from),
    load: async () => ({ kind: 'fitted', recorded: await askJson(`load-${index}`) }),
  }
}
