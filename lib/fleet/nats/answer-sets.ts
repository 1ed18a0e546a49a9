import { createHash } from 'node:crypto'
import type { AgedReport } from '../bus/fleet-bus.ts'
import type { HostReport } from '../report/host-report.ts'
import { isTooLate } from './bus-error.ts'
import { callTimeout, type NatsClients } from './connection.ts'
import type { Followers } from './followers.ts'
import { Newest } from './newest.ts'
import { pack, unpack } from './packing.ts'
import { lastOf } from './streams.ts'
import type { Bucket } from './subjects.ts'
import type { TailConnection } from './tail.ts'

type Answers = HostReport['answers']

/** A report as it is written: where its answers are kept apart, with the key that they are under. */
export type WrittenReport = HostReport & { readonly answersUnder?: unknown }

/** So many answers of a host stay in its report. */
const mostInReport = 50
/** How often a set is written anew within the time that it stays. */
const renewals = 6

/**
 * Writes what a host answers apart from its report, where it is much: under a key that is made from what it says. It changes
 * rarely, and hosts that are alike answer the same, so it is kept once, and read once.
 */
export class AnswerSets {
  readonly #on: NatsClients & TailConnection
  readonly #bucket: Bucket
  readonly #followers: Followers
  /** Milliseconds that a set stays. */
  readonly #age: number
  #kept: { readonly answers: Answers; readonly key: string; readonly at: number } | undefined

  constructor(on: NatsClients & TailConnection, bucket: Bucket, age: number, followers: Followers) {
    this.#on = on
    this.#bucket = bucket
    this.#age = age
    this.#followers = followers
  }

  /** The key that these answers are under; undefined: they are few, and stay in the report. */
  async write(answers: Answers): Promise<string | undefined> {
    const now = performance.now()
    const kept = this.#kept
    const isFresh = kept !== undefined && now - kept.at < this.#age / renewals
    if (kept?.answers === answers && isFresh) return kept.key
    const text = textOf(answers)
    if (text === undefined) return undefined
    const key = keyOf(text)
    if (kept?.key !== key || !isFresh) {
      const subject = this.#bucket.of(key)
      // Of many hosts that come to the same answers, one writes them.
      const options = kept?.key === key ? {} : { expect: { lastSubjectSequence: 0 } }
      await this.#on.client.publish(subject, pack(text), options).catch((error) => {
        if (!isTooLate(error)) throw error
      })
      this.#kept = { answers, key, at: now }
    } else this.#kept = { ...kept, answers }
    return key
  }

  /** Reports with the answers that are kept apart. What is not there yet is not answered. */
  async within(
    reports: readonly { readonly report: WrittenReport; readonly age: number }[],
  ): Promise<readonly AgedReport[]> {
    if (reports.every(({ report }) => report.answersUnder === undefined)) return reports
    const sets = await this.#newest.values(await lastOf(this.#on, this.#bucket.stream), callTimeout)
    return reports.map(({ report: { answersUnder, ...report }, age }) => {
      if (typeof answersUnder !== 'string') return { report, age }
      return { report: { ...report, answers: sets.get(answersUnder)?.value ?? {} }, age }
    })
  }

  /** What was written may be gone: NATS came back without what it kept. */
  forget(): void {
    this.#kept = undefined
  }

  get #newest(): Newest<Answers> {
    const newest: Newest<Answers> = this.#followers.get('answers', () => {
      // One that is only renewed is what it was.
      const read = (key: string, data: Uint8Array) => newest.known.get(key)?.value ?? readAnswers(key, data)
      return new Newest(this.#on, this.#bucket, read)
    })
    return newest
  }
}

/** The answers that somebody wrote under a key; undefined: something else, or not what the key was made from. */
export function readAnswers(key: string, data: Uint8Array): Answers | undefined {
  try {
    const text = unpack(data)
    if (typeof text !== 'string' || keyOf(text) !== key) return undefined
    const answers = Object.fromEntries(JSON.parse(text) as [string, true | string][])
    const isAnswer = (value: unknown) => value === true || typeof value === 'string'
    return Object.values(answers).every(isAnswer) ? answers : undefined
  } catch {
    return undefined
  }
}

/** The same for the same answers, in whichever order they came; undefined: they are few. */
function textOf(answers: Answers): string | undefined {
  const entries = Object.entries(answers)
  if (entries.length <= mostInReport) return undefined
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
