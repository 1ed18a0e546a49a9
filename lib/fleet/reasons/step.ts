import { define, type ReasonsIn } from '../../policy/reasons/figures.ts'
import { formatBytes, formatPercent } from '../../util/format.ts'

/** Why a policy wants a guest on another host. Delays are of the worst-served vCPU of a host. */
export const stepReasons = {
  'relieve-delay': define(
    { demand: 'load', delay: 'fraction', left: 'fraction', there: 'fraction' },
    ({ demand, delay, left, there }) =>
      `wants ${formatPercent(demand)} of a pCPU; the longest delay goes from ${formatPercent(delay)} ` +
      `to ${formatPercent(left)} on its host, and to ${formatPercent(there)} on the target`,
  ),
  'relieve-memory': define(
    { memory: 'bytes', lack: 'bytes' },
    ({ memory, lack }) => `takes ${formatBytes(memory)}; the guests of its host lack ${formatBytes(lack)}`,
  ),
  'level-load': define(
    { demand: 'load', from: 'fraction', to: 'fraction', deviation: 'fraction' },
    ({ demand, from, to, deviation }) =>
      `wants ${formatPercent(demand)} of a pCPU, from a host with a load of ${formatPercent(from)} to one of ` +
      `${formatPercent(to)}; the deviation is ${formatPercent(deviation)} then`,
  ),
  'empty-host': define(
    { host: 'text', load: 'fraction', fill: 'fraction' },
    ({ host, load, fill }) =>
      `${host} can be emptied; its target has a load of ${formatPercent(load)} then, ${formatPercent(fill)} at most`,
  ),
  'usage-spread': define(
    { difference: 'fraction', most: 'fraction', usage: 'fraction' },
    ({ difference, most, usage }) =>
      `the usage of hosts differs by ${formatPercent(difference)}, more than ${formatPercent(most)}; ` +
      `it is the largest there, ${formatPercent(usage)}`,
  ),
  'leave-host': define({ host: 'text' }, ({ host }) => `${host} is to be empty`),
  'keep-rule': define({ rule: 'text' }, ({ rule }) => `the rule "${rule}" is broken where it is`),
  'make-room': define({ guest: 'text' }, ({ guest }) => `makes room for ${guest}`),
  'go-on': define({ host: 'text' }, ({ host }) => `was on ${host} only to make room`),
} as const

export type StepReason = ReasonsIn<typeof stepReasons>
