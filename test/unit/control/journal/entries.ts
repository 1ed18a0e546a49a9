import type { JournalEntry } from '../../../../lib/control/journal/journal.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { MiB } from '../../../../lib/util/units.ts'

export const run = { wallTime: 1_700_000_000_000, uuid: 'u-1', name: 'vm "1"\n…', id: 4 }
export const affinity = (vcpu: number, list: string): JournalEntry => {
  return { ...run, kind: 'affinity', vcpu, original: CpuSet.parse(list) }
}
export const memory = (original: number): JournalEntry => ({ ...run, kind: 'memory', original })
export const resize = (from: number, to: number): JournalEntry => {
  const requested = [{ wallTime: run.wallTime, from: from * MiB, to: to * MiB }]
  return { ...run, kind: 'memory', original: from * MiB, requested }
}
export const period: JournalEntry = { ...run, kind: 'memoryStatsPeriod', original: null }
export const plain = (entries: readonly JournalEntry[]) => JSON.parse(JSON.stringify(entries))

/** Requests enough for one vCPU that the file is rewritten. */
export function manyTimes(vcpu: number): JournalEntry[] {
  const from = CpuSet.range(0, 3)
  return Array.from({ length: 8_000 }, (_, i): JournalEntry => {
    const requested = [{ wallTime: run.wallTime + i, from, to: CpuSet.of(i % 4) }]
    return { ...run, wallTime: run.wallTime + i, kind: 'affinity', vcpu, original: from, requested }
  })
}
