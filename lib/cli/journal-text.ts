import type { JournalEntry } from '../control/journal/journal.ts'
import { counted, formatBytes } from '../util/format.ts'

const words: { readonly [K in JournalEntry['kind']]: string } = {
  affinity: 'pin',
  memory: 'balloon size',
  cpuShares: 'cpu_shares',
  ksm: 'KSM',
  memoryStatsPeriod: 'memory statistics period',
}

/** What an entry is about: `pin of web vCPU 0`. Names are as they came: not yet `printable`. */
export function nameOf(entry: JournalEntry): string {
  const what = words[entry.kind]
  if (entry.kind === 'ksm') return what
  return entry.kind === 'affinity'
    ? `${what} of ${entry.name} vCPU ${entry.vcpu}`
    : `${what} of ${entry.name}`
}

/** What it was before: `0-3`, `512 MiB`. */
export function originalOf(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'affinity':
      return `${entry.original}`
    case 'memory':
      return formatBytes(entry.original)
    case 'cpuShares':
      return String(entry.original)
    case 'ksm':
      return `${entry.original.pagesToScan} pages each ${entry.original.sleep} ms`
    case 'memoryStatsPeriod':
      return entry.original === null ? 'not known' : `${entry.original} s`
  }
}

/** How many of each kind: `pin: 6, balloon size: 2`. */
export function countsOf(entries: readonly JournalEntry[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of entries) counts.set(words[kind], (counts.get(words[kind]) ?? 0) + 1)
  return Array.from(counts, ([what, count]) => `${what}: ${count}`).join(', ')
}

/** How many of each kind, in a sentence: `6 pins, 2 balloon sizes`. */
export function listed(entries: readonly JournalEntry[]): string {
  const counts = new Map<JournalEntry['kind'], number>()
  for (const { kind } of entries) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return Array.from(counts, ([kind, count]) => inSentence[kind](count)).join(', ')
}

const inSentence: { readonly [K in JournalEntry['kind']]: (count: number) => string } = {
  affinity: (count) => counted(count, 'pin'),
  memory: (count) => counted(count, 'balloon size'),
  cpuShares: (count) => `cpu_shares of ${counted(count, 'guest')}`,
  ksm: () => 'KSM',
  memoryStatsPeriod: (count) => counted(count, 'statistics period'),
}
