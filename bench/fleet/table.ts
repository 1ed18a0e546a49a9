import { formatPercent } from '../../lib/util/format.ts'
import type { FleetBenchFigures } from './fleet.ts'
import type { FleetPlanSizeFigures } from './plan.ts'

const widths = [18, 10, 8, 8, 16, 18, 30]

/** The figures of fleets for people. */
export function fleetTable({ plan, agents }: FleetBenchFigures): string {
  const lines: string[] = []
  if (plan) {
    lines.push(
      `Milliseconds of the JS thread to plan, median of ${plan.turns} fleets each; HiGHS has ${plan.solverSeconds} s for the fewest moves to the same worst load`,
      row(
        'hosts x guests',
        'ms',
        'limit',
        'moves',
        'worst load',
        'worst delay',
        'moves of HiGHS, of balance',
      ),
      ...plan.sizes.map(sizeRow),
    )
  }
  if (agents) {
    lines.push(
      `${agents.agents} agents that report each ${agents.interval / 1_000} s, in parts of a core`,
      `leader ${formatPercent(agents.leader)} (at most ${formatPercent(agents.limit)}: ${met(agents.passed)}), ` +
        `nats-server ${formatPercent(agents.nats)}, all agents ${formatPercent(agents.all)}`,
    )
  }
  return lines.join('\n')
}

function sizeRow(size: FleetPlanSizeFigures): string {
  const { hosts, guests, ms, limit, passed, moves, worstLoad, worstDelay, solver } = size
  return row(
    `${hosts} x ${guests}`,
    ms.median.toFixed(1),
    `${limit} ${met(passed)}`,
    moves.toFixed(0),
    `${worstLoad.before.toFixed(2)} > ${worstLoad.after.toFixed(2)}`,
    `${formatPercent(worstDelay.before)} > ${formatPercent(worstDelay.after)}`,
    `${solver.moves ?? '-'} (${solver.status}, ${solver.seconds.toFixed(1)} s), ${solver.own}`,
  )
}

function met(passed: boolean): string {
  return passed ? 'met' : 'MISSED'
}

function row(...cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index]!))
    .join(' ')
    .trimEnd()
}
