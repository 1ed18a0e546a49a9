import { GiB, MiB } from '../../util/units.ts'

/** A place on an axis, as a part of it from 0 to 1, and what is written there. */
export interface AxisLabel {
  readonly at: number
  readonly text: string
  /** It is left out where there is little room. */
  readonly isMinor?: boolean
}

/** An axis of values from 0 to `most`. */
export interface ValueAxis {
  readonly most: number
  readonly labels: readonly AxisLabel[]
}

/** Percent of a whole, whose largest value is `most`: up to 100 % or, when all is far below that, less. */
export function percentAxis(most: number): ValueAxis {
  const top = [0.05, 0.1, 0.2, 0.5].find((limit) => most <= limit) ?? 1
  return axis(
    top,
    top / (top === 0.5 || top === 0.05 ? 5 : 4),
    (part) => `${Math.round(1_000 * part) / 10} %`,
  )
}

export const scoreAxis: ValueAxis = axis(100, 25, (points) => String(points))

/** Bytes, up to at least `most`: in GiB by round numbers, below four of them in MiB by powers of two. */
export function bytesAxis(most: number): ValueAxis {
  const isLarge = most > 4 * GiB
  const unit = isLarge ? GiB : MiB
  const least = Math.max(1, most / unit / 4)
  const step = unit * (isLarge ? roundStep(least) : 2 ** Math.ceil(Math.log2(least)))
  const top = Math.max(1, Math.ceil(most / step)) * step
  return axis(top, step, (bytes) => `${bytes / unit} ${isLarge ? 'GiB' : 'MiB'}`)
}

function axis(most: number, step: number, text: (value: number) => string): ValueAxis {
  const count = Math.round(most / step)
  const labels = Array.from({ length: count + 1 }, (_, i) => ({ at: i / count, text: text(i * step) }))
  return { most, labels }
}

/** 1, 2, 4, 5 or 8 times a power of ten, at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * ([1, 2, 4, 5, 8].find((one) => one * power >= least) ?? 10)
}

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000]
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 28].map((count) => count * day),
]
const mostTimes = 9

/** Times of the day between two moments, in milliseconds since the epoch, where the local clock shows round ones. */
export function timeLabels(begin: number, end: number): AxisLabel[] {
  const length = Math.max(1, end - begin)
  const step = timeSteps.find((one) => length / one <= mostTimes) ?? timeSteps.at(-1)!
  const labels: AxisLabel[] = []
  for (let local = Math.ceil((begin - zoneOf(begin)) / step) * step; ; local += step) {
    const time = local + zoneOf(begin)
    if (time > end) return labels
    const text = step >= day || local % day === 0 ? dateText(time) : clockText(time, step < minute)
    labels.push({ at: (time - begin) / length, text, isMinor: labels.length % 2 === 1 })
  }
}

/** Milliseconds that UTC is ahead of the local clock. */
function zoneOf(time: number): number {
  return new Date(time).getTimezoneOffset() * minute
}

/** `14:30`, or with seconds `14:30:05`: local time. */
export function clockText(time: number, withSeconds = false): string {
  return new Date(time - zoneOf(time)).toISOString().slice(11, withSeconds ? 19 : 16)
}

/** `28 Nov`: local date. */
export function dateText(time: number): string {
  const date = new Date(time - zoneOf(time))
  return `${date.getUTCDate()} ${date.toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' })}`
}
