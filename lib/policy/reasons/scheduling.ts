import type { CpuSet } from '../../host/cpuset.ts'
import { formatPercent } from '../../util/format.ts'
import { define, type ReasonsIn } from './figures.ts'

/** What a pin of `balance` leads to: the load of the target, and the deviation over all pCPUs. */
const outcome = {
  demand: 'load',
  to: 'cpus',
  toBefore: 'load',
  toAfter: 'load',
  deviation: 'load',
  mean: 'load',
} as const

interface Outcome {
  readonly to: CpuSet
  readonly toBefore: number
  readonly toAfter: number
  readonly deviation: number
  readonly mean: number
}

/** Why a scheduler wants a vCPU pinned, or a domain to have other `cpu_shares`. */
export const schedulingReasons = {
  'balance-move': define(
    { ...outcome, from: 'cpus', fromBefore: 'load' },
    ({ demand, from, fromBefore, ...rest }) =>
      `wants ${formatPercent(demand)}, from ${named(from)} (${formatPercent(fromBefore)}) to ${target(rest)}`,
  ),
  'balance-stay': define(
    outcome,
    ({ demand, ...rest }) => `wants ${formatPercent(demand)}, stays on ${target(rest)}`,
  ),
  'balance-return': define(
    outcome,
    ({ demand, ...rest }) => `wants ${formatPercent(demand)}, from where it may not be to ${target(rest)}`,
  ),
  'fair-move': define(
    { demand: 'load', due: 'load', shares: 'number', to: 'pcpu', gets: 'load' },
    ({ to, gets, ...rest }) => `${due(rest)}, goes to pCPU ${to} and gets ${formatPercent(gets)} there`,
  ),
  'fair-stay': define(
    { demand: 'load', due: 'load', shares: 'number', on: 'pcpu', gets: 'load' },
    ({ on, gets, ...rest }) => `${due(rest)}, stays on pCPU ${on} and gets ${formatPercent(gets)} there`,
  ),
  'fair-shares': define(
    { shares: 'number', before: 'fraction', after: 'fraction', cpuShares: 'number' },
    ({ shares, before, after, cpuShares }) =>
      `has ${shares} shares and is served ${formatPercent(before)} of its due, ` +
      `${formatPercent(after)} with ${cpuShares} cpu_shares; no move helps`,
  ),
  'pack-move': define(
    { demand: 'load', from: 'pcpu?', to: 'pcpu', load: 'load', fill: 'fraction' },
    ({ demand, from, to, ...rest }) =>
      `wants ${formatPercent(demand)}, goes${from === undefined ? '' : ` from pCPU ${from}`} to pCPU ${to}, ${filled(rest)}`,
  ),
  'pack-stay': define(
    { demand: 'load', on: 'pcpu', load: 'load', fill: 'fraction' },
    ({ demand, on, ...rest }) => `wants ${formatPercent(demand)}, stays on pCPU ${on}, ${filled(rest)}`,
  ),
  'lpt-place': define(
    { demand: 'load', to: 'pcpu', load: 'load' },
    ({ demand, to, load }) =>
      `wants ${formatPercent(demand)}, pCPU ${to} has the least so far, ${formatPercent(load)}`,
  ),
  'one-move': define(
    { demand: 'load', from: 'pcpu', fromLoad: 'load', to: 'pcpu', toLoad: 'load' },
    ({ demand, from, fromLoad, to, toLoad }) =>
      `wants ${formatPercent(demand)}, from pCPU ${from} (${formatPercent(fromLoad)}) to pCPU ${to} (${formatPercent(toLoad)})`,
  ),
  'round-robin': define({ to: 'pcpu' }, ({ to }) => `turn of pCPU ${to}`),
} as const

export type SchedulingReason = ReasonsIn<typeof schedulingReasons>

function target({ to, toBefore, toAfter, deviation, mean }: Outcome): string {
  const loads = `${formatPercent(toBefore)} before, ${formatPercent(toAfter)} after`
  return `${named(to)} (${loads}); deviation then ${formatPercent(deviation)}, mean ${formatPercent(mean)}`
}

function named(cpus: CpuSet): string {
  return `${cpus.size === 1 ? 'pCPU' : 'pCPUs'} ${cpus}`
}

function due({ demand, due, shares }: { demand: number; due: number; shares: number }): string {
  return `wants ${formatPercent(demand)}, is due ${formatPercent(due)} by ${shares} shares`
}

function filled({ load, fill }: { load: number; fill: number }): string {
  return `which is then asked for ${formatPercent(load)}; filled up to ${formatPercent(fill)}`
}
