import type { Column } from '../columns.ts'
import type { FeedTick } from './messages.ts'

/** A tick in few figures, to draw a whole time of; null: not known. */
export interface OverviewRow {
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  /** The lowest of all scores, of CPU or of memory. */
  readonly lowestScore: number | null
  /** Thousandths: how busy the pCPUs are on average, and the delay of the vCPU that waits longest. */
  readonly busy: number | null
  readonly longestDelay: number | null
  readonly deviation: number | null
  /** Changes that were made or would have been, in a dry run; and how many of all undo earlier ones, or failed. */
  readonly changes: number
  readonly undone: number
  readonly failed: number
}

/** Rows as columns: many of them are fewer bytes. */
export type Overview = { readonly [Name in keyof OverviewRow]: readonly OverviewRow[Name][] }

export function overviewRow(tick: FeedTick): OverviewRow {
  const { wallTime, guests, pcpus, vcpus, outcomes, rollbacks = [], deviation } = tick
  const failed = outcomes.filter(({ status }) => status === 'failed').length
  return {
    wallTime,
    lowestScore: least(least(null, guests.cpuScore), guests.memoryScore),
    busy: meanOf(pcpus.busy),
    longestDelay: most(vcpus.delay),
    deviation: deviation === undefined ? null : Math.round(10 * deviation) / 10,
    changes: outcomes.length - failed,
    undone: rollbacks.reduce((sum, { plan }) => sum + plan.length, 0),
    failed,
  }
}

/** No rows yet. */
export function emptyOverview(): { -readonly [Name in keyof Overview]: OverviewRow[Name][] } {
  return {
    wallTime: [],
    lowestScore: [],
    busy: [],
    longestDelay: [],
    deviation: [],
    changes: [],
    undone: [],
    failed: [],
  }
}

/** Adds a row. */
export function append(columns: ReturnType<typeof emptyOverview>, row: OverviewRow): void {
  for (const [name, column] of Object.entries(columns)) {
    ;(column as unknown[]).push(row[name as keyof OverviewRow])
  }
}

function least(from: number | null, column: Column): number | null {
  let lowest = from
  for (const value of column) if (value !== null && (lowest === null || value < lowest)) lowest = value
  return lowest
}

function most(column: Column): number | null {
  let highest: number | null = null
  for (const value of column) if (value !== null && (highest === null || value > highest)) highest = value
  return highest
}

function meanOf(column: Column): number | null {
  let sum = 0
  let count = 0
  for (const value of column) {
    if (value === null) continue
    sum += value
    count++
  }
  return count > 0 ? Math.round(sum / count) : null
}
