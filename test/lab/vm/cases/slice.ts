import { usableCase } from './usable.ts'

const [narrow, wide] = [{ usable: '0-3' }, { usable: '0-7' }]

/** `machine.slice`, in which libvirt has all guests, is narrowed to the first NUMA cell and widened. */
export const SLICE = usableCase('SLICE', {
  owners: { a: '1', b: '1', d: '2-5' },
  limit: (usable) => `systemctl set-property --runtime machine.slice AllowedCPUs=${usable}`,
  scenes: [
    {
      title: 'narrow before the start, and again until after the end',
      steps: [narrow, 'start', wide, narrow, 'end', wide, 'restore'],
    },
    {
      title: 'narrowed while it runs, and after the end',
      steps: ['start', narrow, wide, 'end', 'restore', narrow, wide],
    },
    {
      title: 'narrow where libvirt alone is asked',
      kind: 'libvirt',
      steps: [narrow, 'start', 'end', wide],
    },
  ],
})
