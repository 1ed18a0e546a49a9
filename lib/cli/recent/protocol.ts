import type { TickRecord } from '../../report/tick-json.ts'
import { jsonObject } from '../../util/json-object.ts'
import type { HostRecord, StandingRecord, TickColumns } from './tick-columns.ts'

/**
 * What the socket of a controller is asked, and answers. A question is one line of JSON; the answer is lines of JSON: a header
 * and what was asked for, or one line with an error. A controller answers the questions of all versions up to its own.
 */
export const questionVersion = 3

/** The version of `follow` from which on Ticks are told in columns. */
export const columnsVersion = 3

/** What each question asks for, and the version that it came with. */
const questions = {
  /** What happened lately? Entries of a recording, and an end. */
  history: 1,
  /** What is the last Tick, and each one from now on? Lines with Ticks, until either side closes the connection. */
  follow: 2,
} as const

export interface Question {
  readonly ask: keyof typeof questions
  readonly version: number
}

export interface AnswerHeader {
  readonly ballastHistory: number
  /** Version of the controller. */
  readonly ballast: string
  /** Milliseconds since the epoch: nothing is known of what was before. Left out: it has made no tick yet. */
  readonly since?: number
  /** Milliseconds since the epoch: of what was before, only changes and their results are known. */
  readonly wholeSince?: number
}

export interface AnswerEnd {
  readonly end: true
}

export interface AnswerError {
  readonly error: string
}

export interface FollowHeader {
  readonly ballastFollow: number
  /** Version of the controller. */
  readonly ballast: string
}

/** A line of the answer to `follow` of version 2. */
export interface FollowLine {
  readonly tick: TickRecord
}

/** Lines of the answer from version 3 on: what holds for the Ticks that follow, and a Tick. */
export interface HostLine {
  readonly host: HostRecord
}
export interface StandingLine {
  readonly standing: StandingRecord
}
export interface ColumnsLine {
  readonly columns: TickColumns
}

/**
 * Another line of it, of each version: Ticks before the next one that were left out, since the reader had not read
 * those before.
 */
export interface MissedLine {
  readonly missed: number
}

/** Bytes of the longest question. */
export const longestQuestion = 1_024

/** Reads a question; a text says what is wrong with it. */
export function parseQuestion(line: string): Question | string {
  const { ask, version } = jsonObject(line) ?? {}
  if (!isAsk(ask) || typeof version !== 'number') {
    const known = Object.entries(questions).map(([ask, version]) => JSON.stringify({ ask, version }))
    return `a question is ${known.join(' or ')}`
  }
  if (version > questionVersion) {
    return `this controller answers questions up to version ${questionVersion}, and this one has version ${version}`
  }
  return { ask, version }
}

/** Whether a controller that answers questions up to `answers` answers this one. */
export function isAnswered(ask: Question['ask'], answers: number): boolean {
  return answers >= questions[ask]
}

function isAsk(ask: unknown): ask is Question['ask'] {
  return typeof ask === 'string' && Object.hasOwn(questions, ask)
}
