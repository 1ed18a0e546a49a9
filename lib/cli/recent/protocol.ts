import { jsonObject } from '../../util/json-object.ts'

/**
 * What the socket of a controller is asked, and answers. A question is one line of JSON; the answer is lines of JSON: a
 * header, the entries of a recording, and an end; or one line with an error. A controller answers the questions of all
 * versions up to its own.
 */
export const questionVersion = 1

/** What happened lately? */
export interface Question {
  readonly ask: 'history'
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

/** Bytes of the longest question. */
export const longestQuestion = 1_024

/** Reads a question; a text says what is wrong with it. */
export function parseQuestion(line: string): Question | string {
  const { ask, version } = jsonObject(line) ?? {}
  if (ask !== 'history' || typeof version !== 'number')
    return 'there is one question: {"ask":"history","version":1}'
  if (version > questionVersion) {
    return `this controller answers questions up to version ${questionVersion}, and this one has version ${version}`
  }
  return { ask, version }
}
