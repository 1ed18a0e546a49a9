import { counted } from '../../util/format.ts'

/** How long a part of a recording is, in words that can follow "the": `hour`, `2 minutes`, `40 seconds`. */
export function periodText(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000)
  if (minutes >= 60) return minutes === 60 ? 'hour' : counted(minutes, 'minute')
  return minutes >= 1 ? counted(minutes, 'minute') : counted(Math.round(milliseconds / 1_000), 'second')
}
