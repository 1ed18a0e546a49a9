import type { TickDecisions } from '../report/tick-decisions.ts'
import type { Plain } from './plain.ts'

/** The version of the format, in the first line of each file. What reads a version reads all before it. */
export const recordingVersion = 1

/** The first line of a file of a recording. */
export interface Header {
  readonly ballastRecording: typeof recordingVersion
  /** The same in all files of one recording. */
  readonly id: string
  /** 0, 1, 2, …: the how manieth file of it. */
  readonly part: number
  /** Of Ballast and of Node. */
  readonly versions: { readonly ballast: string; readonly node: string }
  /** What was connected to, without secrets. */
  readonly uri: string
  readonly readOnly: boolean
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  /** How many entries after this line repeat what a reader of the files before knows. */
  readonly beginning: number
  /** Entries before this file that could not be written, at least: the disk was full, or slow. */
  readonly missing?: number
}

/** What happened at one moment: everything that the loop did from then on, until the next entry, it did at this time. */
interface Moment {
  /** Monotonic milliseconds on the host's clock. */
  readonly t: number
}

/** The loop read the clock, and it had moved on since the entry before. */
export interface ClockEntry extends Moment {
  /** At the how manieth reading since that entry. */
  readonly reads: number
}

/** Wall clock less monotonic clock, in milliseconds: at first, and when it was set. */
export interface WallClockEntry extends Moment {
  readonly wallOffset: number
}

/** A wait until `wake` was over. */
export interface WakeEntry extends Moment {
  readonly wake: number
}

/** The host's pCPUs and cells, at first and when they changed. */
export interface TopologyEntry extends Moment {
  readonly topology: Plain
}

/** The domains of the samples that name this `set`, in their order. */
export interface DomainsEntry extends Moment {
  readonly set: number
  readonly domains: readonly {
    readonly uuid: string
    readonly name: string
    readonly id: number
    readonly run?: string
  }[]
}

/** A CPU sample came; see columns.ts. */
export interface CpuEntry extends Moment {
  readonly cpu: Readonly<Record<string, Plain>> & {
    readonly set: number
    readonly time: number
    readonly interval: number | null
    readonly affinityWords: number
    /** Left out: 0. */
    readonly listAge?: number
  }
}

/** A memory sample came; see columns.ts. */
export interface MemoryEntry extends Moment {
  readonly memory: Readonly<Record<string, Plain>> & {
    readonly set: number
    readonly time: number
    readonly wallTime: number
    readonly host: Plain
  }
}

/** A call to the host returned, or failed; also a sample that could not be had. */
export interface CallEntry extends Moment {
  readonly call: string
  readonly of: readonly Plain[]
  /** Left out: undefined. */
  readonly answer?: Plain
  readonly error?: Plain
  /** It answers no call of this moment: it is what a file begins with, the last answer of a file before. */
  readonly known?: true
}

/** The host reported something; see HostEvent. */
export interface EventEntry extends Moment {
  readonly event: Plain
}

/** A loop began. */
export interface RunEntry extends Moment {
  readonly run: {
    /** As `ballast run` has it: policies with their options, and options of the autopilot. */
    readonly configuration: Plain
    /** What was in the journal, where the loop reads it. */
    readonly journal?: Plain
  }
}

/** A Tick, without its View: that follows from the entries before. */
export interface TickEntry extends Moment {
  readonly tick: RecordedTick
}

/** Scores of guests, in columns; `null`: not known. A column that is as in the Tick before is left out. */
export interface RecordedScores {
  /** UUIDs of the guests. */
  readonly of?: readonly string[]
  readonly cpu?: readonly (number | null)[]
  readonly memory?: readonly (number | null)[]
}

/** What was decided in a tick, and what came of it; `clamps`, `skipped` and `scores` are left out when they are as before. */
export type RecordedTick = Omit<TickDecisions, 'clamps' | 'skipped'> &
  Partial<Pick<TickDecisions, 'clamps' | 'skipped'>> & { readonly scores?: RecordedScores }

export type Entry =
  | ClockEntry
  | WallClockEntry
  | WakeEntry
  | TopologyEntry
  | DomainsEntry
  | CpuEntry
  | MemoryEntry
  | CallEntry
  | EventEntry
  | RunEntry
  | TickEntry

/** An entry as a recording has it. */
export function lineOf(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`
}

/** Takes the entries of a recording, in their order. Neither waits nor throws: control goes on whatever becomes of it. */
export interface Tape {
  write(entry: Entry): void
}
