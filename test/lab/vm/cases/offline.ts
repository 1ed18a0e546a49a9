import { CpuSet } from '../../../../lib/host/cpuset.ts'
import type { Affinity } from '../affinity.ts'
import { usableCase } from './usable.ts'

const owners: Readonly<Record<string, string>> = { a: '2-3', b: '2', c: '3', d: '0-7' }

const [all, without3, without2And3] = [{ usable: '0-7' }, { usable: '0-2,4-7' }, { usable: '0-1,4-7' }]

/** All but the pCPU that the controller has pinned a guest to. */
function withoutPinned(now: readonly Affinity[]): CpuSet {
  const moved = now.find(({ name, pinned }) => `${pinned}` !== owners[name])
  // The first pCPU cannot go offline.
  return CpuSet.range(0, 7).without(moved?.pinned.first || 3)
}

/** pCPUs go offline and come online. Three guests spin: with pCPU 3 two of them are too many on 2-3, without it on 2. */
export const OFFLINE = usableCase('OFFLINE', {
  owners,
  limit: (usable) =>
    [1, 2, 3, 4, 5, 6, 7]
      .map((cpu) => `echo ${usable.has(cpu) ? 1 : 0} > /sys/devices/system/cpu/cpu${cpu}/online`)
      .join('; '),
  scenes: [
    {
      title: '3 is offline before the start, 2 and 3 until after the end',
      steps: [without3, 'start', all, without2And3, 'end', 'not yet', all, 'restore'],
    },
    {
      title: 'the pinned pCPU goes offline while it runs, 3 after the end',
      steps: ['start', { usable: withoutPinned }, all, 'end', 'restore', without3, all],
    },
  ],
})
