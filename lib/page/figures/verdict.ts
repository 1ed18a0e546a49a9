import { counted } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import type { Moment } from '../data/history.ts'
import { type GuestRow, guestRows } from './guests.ts'

/** How a host is: every guest gets what it wants, or some lack, or much is amiss. */
export type Level = 'well' | 'lacking' | 'bad' | 'unknown'

export interface Verdict {
  readonly level: Level
  readonly title: string
  /** What there is to say of it, a sentence each. */
  readonly sentences: readonly string[]
}

/** Points below which a guest lacks something, and below which it suffers. */
export const scoreLimits = { lacking: 90, bad: 70 }

export function levelOf(score: number | undefined): Level {
  if (score === undefined) return 'unknown'
  if (score < scoreLimits.bad) return 'bad'
  return score < scoreLimits.lacking ? 'lacking' : 'well'
}

/** Guests that are named in a sentence. */
const mostNames = 3

/** Whether the host is well, and who suffers. */
export function verdictOf(moment: Moment): Verdict {
  const { tick } = moment
  const rows = guestRows(moment)
  const known = rows.filter(({ score }) => score !== undefined)
  const lacking = known
    .filter(({ score }) => score! < scoreLimits.lacking)
    .sort((a, b) => a.score! - b.score!)
  const isShort = tick.memory.state === 'hard' || tick.memory.state === 'low'
  const errors = tick.errors.map(({ message }) => `${printable(message)}.`)
  const sentences = [
    ...(isShort ? [`The host is short of memory (${tick.memory.state}).`] : []),
    ...(lacking.length > 0
      ? [`${lacking.slice(0, mostNames).map(lackText).join('; ')}${more(lacking)}.`]
      : []),
    ...(lacking.length > 0 ? othersText(moment) : []),
    ...errors,
  ]
  const worst = lacking[0]?.score
  if (isShort || levelOf(worst) === 'bad') {
    const title =
      lacking.length > 0
        ? `${counted(lacking.length, 'guest')} suffer${lacking.length === 1 ? 's' : ''}`
        : 'The host suffers'
    return { level: 'bad', title, sentences }
  }
  if (lacking.length > 0 || errors.length > 0) {
    const title =
      lacking.length > 0
        ? `${counted(lacking.length, 'guest')} lack${lacking.length === 1 ? 's' : ''} something`
        : 'Something failed'
    return { level: 'lacking', title, sentences }
  }
  if (known.length === 0) {
    const text =
      rows.length === 0 ? 'No guest runs.' : 'How much the guests get of what they want is not known yet.'
    return { level: 'unknown', title: rows.length === 0 ? 'No guests' : 'Not known yet', sentences: [text] }
  }
  const which = known.length < rows.length ? ' whose score is known' : ''
  const all = known.length === 1 ? `The guest${which} gets` : `All ${known.length} guests${which} get`
  const wants = known.length === 1 ? 'it wants' : 'they want'
  const sentence = `${all} at least ${scoreLimits.lacking} % of what ${wants}.`
  return { level: 'well', title: 'The host is well', sentences: [sentence] }
}

/** Mean part of the pCPUs, in thousandths, that is busy with what is no guest, from which on that is said. */
const leastOthers = 200

/** What guests lack because the host itself is busy, no placement of them can mend. */
function othersText({ tick }: Moment): string[] {
  const parts = tick.pcpus.background.filter((part) => part !== null)
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length
  return mean >= leastOthers
    ? [`Programs of the host that are no guests take ${Math.round(mean / 10)} % of the pCPUs.`]
    : []
}

function lackText({ name, cpuScore, memoryScore, score }: GuestRow): string {
  const what = cpuScore === score ? 'CPU' : 'memory'
  const both = cpuScore === score && memoryScore === score ? 'CPU and memory' : what
  return `${shortName(name)} gets ${score} % of the ${both} it wants`
}

function more(lacking: readonly GuestRow[]): string {
  const rest = lacking.length - mostNames
  return rest > 0 ? `; and ${counted(rest, 'other')}` : ''
}

/** Characters of a name in a sentence. */
const longestName = 40

/** A name as it can be shown within a sentence. */
export function shortName(name: string): string {
  const shown = printable(name)
  return shown.length > longestName ? `${shown.slice(0, longestName)}…` : shown
}
