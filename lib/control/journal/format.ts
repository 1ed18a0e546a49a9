import { CpuSet } from '../../host/cpuset.ts'
import { BallastError } from '../../host/errors.ts'
import type { KsmSettings } from '../../host/ksm.ts'
import { type JournalEntry, type JournalRequest, keep, subjectOf } from './journal.ts'

/** Version of the format that is written. */
const version = 3
/** First line of a journal: tells it, and its format, from any other file. */
export const header = headerOf(version)
/** Formats that are read. Version 1 had originals alone, version 2 other names: see `modernized`. */
const readableHeaders = [headerOf(1), headerOf(2), header]

/** What the whole lines of a journal say. */
export interface JournalText {
  /** By subject. */
  readonly kept: Map<string, JournalEntry>
  /** Bytes of the whole lines: what comes after them is a line that was never finished. */
  readonly length: number
  /** Whether it is to be written anew before anything is added. */
  readonly isOld: boolean
}

/** Which line cannot be read, from 1 on. When it is the first, this is no journal. */
export interface Damage {
  readonly damagedLine: number
}

/** The version of a journal that a later Ballast wrote. */
export interface LaterVersion {
  readonly laterVersion: number
}

/** Reads a journal. A last line without its end is left out. */
export function parseJournal(text: string): JournalText | Damage | LaterVersion {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const [first, ...lines] = whole.split('\n').slice(0, -1)
  const isHeader = (line: string) => (whole === '' ? line.startsWith(text) : line === `${first}\n`)
  if (!readableHeaders.some(isHeader)) return unreadable(first)
  const kept = new Map<string, JournalEntry>()
  const isOld = whole !== '' && `${first}\n` !== header
  for (const [index, line] of lines.entries()) {
    const parsed = objectOf(line)
    const value = parsed && isOld ? modernized(parsed) : parsed
    if (typeof value?.forget === 'string') {
      kept.delete(value.forget)
      continue
    }
    const entry = value && entryOf(value)
    if (!entry) return { damagedLine: index + 2 }
    keep(kept, entry)
  }
  return { kept, length: Buffer.byteLength(whole), isOld }
}

function unreadable(first = ''): Damage | LaterVersion {
  const { journal, version: theirs } = objectOf(first) ?? {}
  const isLater = journal === 'ballast' && typeof theirs === 'number' && theirs > version
  return isLater ? { laterVersion: theirs } : { damagedLine: 1 }
}

/** A line of version 1 or 2 under the names of this version. */
function modernized(line: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { asked, forget, ...rest } = line
  return {
    ...rest,
    ...(rest.kind === 'memoryMerging' && { kind: 'ksm' }),
    ...(asked !== undefined && { requested: asked }),
    ...(forget !== undefined && {
      forget: typeof forget === 'string' ? forget.replace(/^memoryMerging /, 'ksm ') : forget,
    }),
  }
}

/** The line that says that an entry came; a reader merges it with what it has, as `Journal.record` does. */
export function lineOf(entry: JournalEntry): string {
  return `${JSON.stringify(entry)}\n`
}

/** The line that says that an entry is to be kept no longer. */
export function forgetLineOf(entry: JournalEntry): string {
  return `${JSON.stringify({ forget: subjectOf(entry) })}\n`
}

function headerOf(version: number): string {
  return `${JSON.stringify({ journal: 'ballast', version })}\n`
}

/** Reads a value of a setting as JSON has it; undefined when it is none. */
type Read<Value> = (value: unknown) => Value | undefined

/** The entry that a line holds; undefined for a line that holds none. */
function entryOf(line: Readonly<Record<string, unknown>>): JournalEntry | undefined {
  const { wallTime, uuid, name, id, run, kind, vcpu } = line
  if (typeof wallTime !== 'number' || typeof uuid !== 'string') return undefined
  if (typeof name !== 'string' || typeof id !== 'number') return undefined
  if (run !== undefined && typeof run !== 'string') return undefined
  const subject = { wallTime, uuid, name, id, run }
  if (kind === 'affinity') {
    const values = valuesOf(line, cpusOf)
    const isVcpu = Number.isSafeInteger(vcpu) && (vcpu as number) >= 0
    return isVcpu && values ? { ...subject, kind, vcpu: vcpu as number, ...values } : undefined
  }
  if (kind === 'memory' || kind === 'cpuShares') {
    const values = valuesOf(line, numberOf)
    return values && { ...subject, kind, ...values }
  }
  if (kind === 'memoryStatsPeriod') {
    const values = valuesOf(line, periodOf)
    return values && { ...subject, kind, ...values }
  }
  if (kind === 'ksm') {
    const values = valuesOf(line, ksmOf)
    return values && { ...subject, kind, ...values }
  }
  return undefined
}

/** The original, and the requests where there are any. */
function valuesOf<Value>(line: Readonly<Record<string, unknown>>, read: Read<Value>) {
  const original = read(line.original)
  if (original === undefined) return undefined
  if (line.requested === undefined) return { original }
  if (!Array.isArray(line.requested)) return undefined
  const requested: JournalRequest<Value>[] = []
  for (const one of line.requested as unknown[]) {
    const { wallTime, from, to } = fieldsOf(one)
    const [before, after] = [read(from), read(to)]
    if (typeof wallTime !== 'number' || before === undefined || after === undefined) return undefined
    requested.push({ wallTime, from: before, to: after })
  }
  return { original, requested }
}

function cpusOf(list: unknown): CpuSet | undefined {
  if (typeof list !== 'string') return undefined
  try {
    return CpuSet.parse(list)
  } catch (error) {
    if (error instanceof BallastError) return undefined
    throw error
  }
}

function numberOf(value: unknown): number | undefined {
  return Number.isFinite(value) ? (value as number) : undefined
}

function periodOf(value: unknown): number | null | undefined {
  return value === null ? null : numberOf(value)
}

function ksmOf(value: unknown): KsmSettings | undefined {
  const { running, pagesToScan, sleep } = fieldsOf(value)
  if (typeof pagesToScan !== 'number' || typeof sleep !== 'number') return undefined
  if (running === undefined) return { pagesToScan, sleep }
  return typeof running === 'boolean' ? { running, pagesToScan, sleep } : undefined
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
