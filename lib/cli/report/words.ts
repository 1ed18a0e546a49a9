import { timeText } from '../../recording/text.ts'
import { counted, formatBytes, formatPercent } from '../../util/format.ts'
import { type Figure, lackBelow, type PeriodSummary } from './summary.ts'

/** Rows of a list that are shown in a terminal. */
const mostRows = 5

/** What a period was like, in a sentence or two. */
export function leadText({
  minutes,
  minutesBelow,
  lowestCpuScore,
  lowestMemoryScore,
  changes,
}: PeriodSummary): string {
  const all = changes.pins + changes.sizes + changes.shares
  const made =
    all === 0 ? 'Nothing was changed' : `${counted(all, 'change')} ${all === 1 ? 'was' : 'were'} made`
  const undone = changes.undone > 0 ? `, of which ${changes.undone} undid earlier ones` : ''
  const failed = changes.failed > 0 ? `; ${changes.failed} failed` : ''
  const isKnown = !Number.isNaN(lowestCpuScore.mean) || !Number.isNaN(lowestMemoryScore.mean)
  const scores = !isKnown
    ? 'How much the guests got of what they wanted is not known.'
    : minutesBelow === 0
      ? `Every guest had at least ${lackBelow} % of what it wanted, all the time.`
      : `In ${minutesBelow} of ${counted(minutes, 'minute')} some guest had less than ${lackBelow} % of what it wanted.`
  return `${scores} ${made}${undone}${failed}.`
}

/** `23 h 58 min`. */
export function lengthText({ begin, end }: Pick<PeriodSummary, 'begin' | 'end'>): string {
  const seconds = Math.round((end - begin) / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
}

/** The report of a period for a terminal. */
export function reportLines(summary: PeriodSummary): string[] {
  const { host, begin, end, ticks, busy, deviation, longestDelay, changes, worst, guests } = summary
  const { memoryGiven, memoryTotal, memoryUsed, memoryAvailable } = summary
  const share = (part: number) => formatPercent(part)
  const total = known(memoryTotal, ({ most }) => ` of ${formatBytes(most)}`) ?? ''
  return [
    `${host}, ${timeText(begin)} to ${timeText(end)} (${lengthText(summary)}), ${counted(ticks, 'tick')}`,
    leadText(summary),
    '',
    row(
      'load',
      parts(
        known(busy, ({ mean, most }) => `${share(mean)} of the pCPUs on average, ${share(most)} at most`),
        known(deviation, ({ mean }) => `deviation ${share(mean)}`),
      ),
    ),
    row(
      'delay',
      parts(
        known(
          longestDelay,
          ({ mean, most }) =>
            `${share(mean)} on average of the vCPU that waited longest, ${share(most)} at most`,
        ),
      ),
    ),
    row(
      'memory',
      parts(
        known(memoryGiven, ({ least, most }) => `${sizesText(least, most)} given${total}`),
        known(memoryUsed, ({ mean }) => `${formatBytes(mean)} used`),
        known(memoryAvailable, ({ least }) => `at least ${formatBytes(least)} available`),
      ),
    ),
    row('changes', `${changesText(changes)}; ${changes.undone} undone, ${changes.failed} failed`),
    ...(worst.length === 0 ? [] : ['', 'worst minutes:']),
    ...worst.slice(0, mostRows).map(({ wallTime, lowestScore, scoreOf, longestDelay, delayOf }) => {
      const score = Number.isNaN(lowestScore) ? 'score not known' : `score ${lowestScore} (${scoreOf})`
      const wait = Number.isNaN(longestDelay) ? '' : `, longest delay ${share(longestDelay)} (${delayOf})`
      return `  ${timeText(wallTime).slice(0, 16)}  ${score}${wait}`
    }),
    ...(guests.length === 0 ? [] : ['', 'guests with the lowest scores:']),
    ...guests.slice(0, mostRows).map(({ name, cpuScore, memoryScore, delay, pins, resizes }) => {
      const points = (score: number) => (Number.isNaN(score) ? 'not known' : score.toFixed(0))
      const wait = Number.isNaN(delay) ? '' : `, delay ${share(delay)}`
      return `  ${name}: CPU ${points(cpuScore)}, memory ${points(memoryScore)}${wait}; ${counted(pins, 'pin')}, ${counted(resizes, 'balloon size')}`
    }),
  ]
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(9)}${text}`
}

function known(figure: Figure, text: (figure: Figure) => string): string | undefined {
  return Number.isNaN(figure.mean) ? undefined : text(figure)
}

function parts(...texts: readonly (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined).join('; ') || 'not known'
}

/** `512 MiB to 1024 MiB`. */
export function sizesText(least: number, most: number): string {
  return least === most ? formatBytes(least) : `${formatBytes(least)} to ${formatBytes(most)}`
}

/** `12 pins, 3 balloon sizes`. */
export function changesText({ pins, sizes, shares }: PeriodSummary['changes']): string {
  const kinds = [
    [pins, 'pin'],
    [sizes, 'balloon size'],
    [shares, 'share'],
  ] as const
  return kinds.flatMap(([count, noun]) => (count > 0 ? [counted(count, noun)] : [])).join(', ') || 'none'
}
