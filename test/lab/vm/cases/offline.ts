import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { usableCase } from './usable.ts'

const owners = { a: '3', b: '2-3', c: '1', d: '1' }

/** pCPUs go offline and come online: the one under a pin of the controller's, and before there is one, pCPU 3. */
export const OFFLINE = usableCase('OFFLINE', {
  owners,
  left: (now) => {
    const moved = now.find(({ name, pinned }) => `${pinned}` !== owners[name as keyof typeof owners])
    return CpuSet.range(0, 7).without(moved?.pinned.first || 3) // the first cannot go offline
  },
  narrow: (left) =>
    [...CpuSet.range(0, 7).minus(left)]
      .map((cpu) => `echo 0 > /sys/devices/system/cpu/cpu${cpu}/online`)
      .join('; '),
  // The first pCPU has no such file: it cannot go offline.
  widen: 'for file in /sys/devices/system/cpu/cpu*/online; do echo 1 > $file; done',
})
