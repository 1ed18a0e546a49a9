import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { usableCase } from './usable.ts'

/** `machine.slice`, in which libvirt has all guests, is narrowed to the first NUMA cell and widened. */
export const SLICE = usableCase('SLICE', {
  owners: { a: '1', b: '1', c: '1', d: '2-5' },
  left: () => CpuSet.range(0, 3),
  narrow: (left) => `systemctl set-property --runtime machine.slice AllowedCPUs=${left}`,
  widen: 'systemctl set-property --runtime machine.slice AllowedCPUs=0-7',
})
