import { timeText } from '../../recording/text.ts'
import { formatPercent } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { go } from '../data/location.ts'
import { levelOf, shortName } from '../figures/verdict.ts'

/** `14:05:12`. */
export function clockText(wallTime: number): string {
  return timeText(wallTime).slice(11)
}

/** A fraction, or that it is not known. */
export function percentText(part: number | undefined, digits = 0): string {
  return part === undefined ? '–' : formatPercent(part, digits)
}

/** MiB, in GiB from ten on. */
export function sizeText(mebibytes: number | undefined): string {
  if (mebibytes === undefined) return '–'
  return mebibytes >= 10_240 ? `${(mebibytes / 1_024).toFixed(1)} GiB` : `${mebibytes} MiB`
}

/** A moment that can be looked at. */
export function TimeLink({ at }: { readonly at: number }) {
  return (
    <button type="button" class="link" title={`Look at ${timeText(at)}`} onClick={() => go({ at })}>
      <time dateTime={new Date(at).toISOString()}>{clockText(at)}</time>
    </button>
  )
}

/** A guest that can be opened. */
export function GuestLink({ uuid, name }: { readonly uuid: string; readonly name: string }) {
  return (
    <button type="button" class="link name" title={printable(name)} onClick={() => go({ guest: uuid })}>
      <bdi>{shortName(name)}</bdi>
    </button>
  )
}

const marks = { well: '✓', lacking: '▲', bad: '✖', unknown: '?' }

/** Points with a mark, so that nobody needs the colour. */
export function Score({ points }: { readonly points: number | undefined }) {
  const level = levelOf(points)
  return (
    <span class={`score ${level}`}>
      <span aria-hidden="true">{marks[level]}</span> {points ?? '–'}
    </span>
  )
}

export function Mark({ level }: { readonly level: keyof typeof marks }) {
  return (
    <span class={`mark ${level}`} aria-hidden="true">
      {marks[level]}
    </span>
  )
}
