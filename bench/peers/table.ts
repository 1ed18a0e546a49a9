import type { CaseOf } from './case-of.ts'
import type { CpuFigures } from './cpu.ts'
import type { MemoryFigures } from './memory.ts'
import { cpuPeers, memoryPeers } from './peer.ts'
import type { PeersFigures } from './peers.ts'

/** The figures as tables in Markdown, each the mean of its turns, as docs/peers.md has them. */
export function peersTable({ cpu, memory, missed, unavailable, passed }: PeersFigures): string {
  return [
    ...cpu.map((one) => cpuTable(one)),
    ...memory.map((one) => memoryTable(one)),
    ...Object.entries(unavailable).map(([name, why]) => `Left out: ${name}: ${why}`),
    ...missed,
    passed ? 'Passed: none was better, beyond noise.' : 'Failed: see above.',
  ].join('\n\n')
}

function cpuTable({ case: name, peers }: CaseOf<CpuFigures>): string {
  return table(
    [name, 'done %', 'at the end %', 'longest delay %', 'deviation %', 'pins', 'moves'],
    cpuPeers.flatMap(({ name, title }) => {
      const taken = peers[name] ?? []
      if (taken.length === 0) return []
      const cell = (of: (figures: CpuFigures) => number) => mean(taken.map(of)).toFixed(1)
      return [
        [
          title,
          cell(({ donePercent }) => donePercent),
          cell(({ doneAtEndPercent }) => doneAtEndPercent),
          cell(({ longestDelayPercent }) => longestDelayPercent),
          cell(({ deviationPercent }) => deviationPercent),
          cell(({ pins }) => pins),
          cell(({ moves }) => moves),
        ],
      ]
    }),
  )
}

function memoryTable({ case: name, peers }: CaseOf<MemoryFigures>): string {
  return table(
    [name, 'killed', 'stall s', 'swapped MiB', 'settled after s', 'least available MiB'],
    memoryPeers.flatMap(({ name, title }) =>
      (peers[name] ?? []).map((figures) => [
        title,
        `${figures.killed}`,
        figures.stallSeconds.toFixed(1),
        figures.swappedMiB.toFixed(0),
        figures.settledSeconds?.toFixed(0) ?? 'never',
        figures.leastAvailableMiB.toFixed(0),
      ]),
    ),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
