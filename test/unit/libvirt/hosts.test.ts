import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { Topology } from '../../../lib/host/topology.ts'
import { readTopology } from '../../../lib/libvirt/capabilities.ts'
import { GiB } from '../../../lib/util/units.ts'
import { type HostName, hosts } from '../../support/hosts/corpus.ts'
import { descriptionOf, sysfsOf } from '../../support/hosts/description.ts'
import { grouped } from '../../support/hosts/grouped.ts'

/** What is to be read of a host; CPU lists where nothing else is said. */
interface Expected {
  readonly online: string
  readonly cpuCount: number
  /** By cell: pCPUs, GiB, distances. */
  readonly cells: Readonly<Record<number, readonly [cpus: string, memory: number, distances: string]>>
  readonly sockets: readonly string[]
  readonly caches: readonly string[]
  /** The first core, another one, and how many there are. */
  readonly cores: readonly [first: string, last: string, count: number]
  /** pCPUs by capacity, the first first. Default: not known. */
  readonly capacities?: readonly (readonly [capacity: string, cpus: string])[]
}

const expected: Record<HostName, Expected> = {
  'performance and efficiency cores': {
    online: '0-23',
    cpuCount: 24,
    cells: { 0: ['0-23', 64, '10'] },
    sockets: ['0-23'],
    caches: ['0-23'],
    cores: ['0-1', '23', 16],
    capacities: [
      ['1.00', '0-15'],
      ['0.75', '16-23'],
    ],
  },
  'big and little cores': {
    online: '0-7',
    cpuCount: 8,
    cells: { 0: ['0-7', 64, '10'] },
    sockets: ['0-7'],
    caches: ['0-7'],
    cores: ['0', '7', 8],
    capacities: [
      ['0.52', '0-3'],
      ['1.00', '4-7'],
    ],
  },
  'SMT off': {
    online: '0-15',
    cpuCount: 32,
    cells: { 0: ['0-7', 96, '10 21'], 1: ['8-15', 96, '21 10'] },
    sockets: ['0-7', '8-15'],
    caches: ['0-7', '8-15'],
    cores: ['0', '15', 16],
  },
  'cells that are memory alone': {
    online: '0-15',
    cpuCount: 16,
    cells: {
      0: ['0-3,8-11', 128, '10 21 14 24'],
      1: ['4-7,12-15', 128, '21 10 24 14'],
      2: ['', 256, '14 24 10 26'],
      3: ['', 256, '24 14 26 10'],
    },
    sockets: ['0-3,8-11', '4-7,12-15'],
    caches: ['0-3,8-11', '4-7,12-15'],
    cores: ['0,8', '7,15', 8],
  },
  'cells without memory': {
    online: '0-63',
    cpuCount: 64,
    cells: {
      0: ['0-7,32-39', 32, '10 16 16 16'],
      1: ['8-15,40-47', 0, '16 10 16 16'],
      2: ['16-23,48-55', 32, '16 16 10 16'],
      3: ['24-31,56-63', 0, '16 16 16 10'],
    },
    sockets: ['0-63'],
    caches: [
      '0-3,32-35',
      '4-7,36-39',
      '8-11,40-43',
      '12-15,44-47',
      '16-19,48-51',
      '20-23,52-55',
      '24-27,56-59',
      '28-31,60-63',
    ],
    cores: ['0,32', '31,63', 32],
  },
  'four sockets': {
    online: '0-47',
    cpuCount: 48,
    cells: {
      0: ['0,4,8,12,16,20,24,28,32,36,40,44', 64, '10 21 31 21'],
      1: ['1,5,9,13,17,21,25,29,33,37,41,45', 64, '21 10 21 31'],
      2: ['2,6,10,14,18,22,26,30,34,38,42,46', 64, '31 21 10 21'],
      3: ['3,7,11,15,19,23,27,31,35,39,43,47', 64, '21 31 21 10'],
    },
    sockets: [
      '0,4,8,12,16,20,24,28,32,36,40,44',
      '1,5,9,13,17,21,25,29,33,37,41,45',
      '2,6,10,14,18,22,26,30,34,38,42,46',
      '3,7,11,15,19,23,27,31,35,39,43,47',
    ],
    caches: [
      '0,4,8,12,16,20,24,28,32,36,40,44',
      '1,5,9,13,17,21,25,29,33,37,41,45',
      '2,6,10,14,18,22,26,30,34,38,42,46',
      '3,7,11,15,19,23,27,31,35,39,43,47',
    ],
    cores: ['0,24', '23,47', 24],
  },
  'eight last-level caches': {
    online: '0-31',
    cpuCount: 32,
    cells: { 0: ['0-31', 64, '10'] },
    sockets: ['0-31'],
    caches: [0, 2, 4, 6, 8, 10, 12, 14].map((core) => `${core}-${core + 1},${core + 16}-${core + 17}`),
    cores: ['0,16', '15,31', 16],
  },
  'POWER with threads off': {
    online: '0,8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128,136,144,152',
    cpuCount: 160,
    cells: {
      0: ['0,8,16,24,32', 64, '10 20 40 40'],
      1: ['40,48,56,64,72', 64, '20 10 40 40'],
      16: ['80,88,96,104,112', 64, '40 40 10 20'],
      17: ['120,128,136,144,152', 64, '40 40 20 10'],
    },
    sockets: ['0,8,16,24,32', '40,48,56,64,72', '80,88,96,104,112', '120,128,136,144,152'],
    caches: Array.from({ length: 20 }, (_, core) => `${8 * core}`),
    cores: ['0', '152', 20],
  },
  '512 pCPUs': {
    online: '0-511',
    cpuCount: 512,
    cells: Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6, 7].map((id) => {
        const cpus = `${32 * id}-${32 * id + 31},${256 + 32 * id}-${256 + 32 * id + 31}`
        const others = [0, 1, 2, 3, 4, 5, 6, 7].map((to) => (to === id ? 10 : to < 4 === id < 4 ? 12 : 32))
        return [id, [cpus, 192, others.join(' ')]]
      }),
    ),
    sockets: ['0-127,256-383', '128-255,384-511'],
    caches: Array.from({ length: 32 }, (_, at) => {
      return `${8 * at}-${8 * at + 7},${256 + 8 * at}-${256 + 8 * at + 7}`
    }),
    cores: ['0,256', '255,511', 256],
  },
}

/** The pCPUs that have the same of something, as CPU lists in the order of the first of each. */
function groups(topology: Topology, keyOf: (pcpu: Topology['pcpus'][number]) => unknown): string[] {
  return [...grouped(topology.pcpus, keyOf).values()].map((pcpus) => {
    return CpuSet.from(pcpus.map(({ id }) => id)).toString()
  })
}

describe.each(Object.keys(expected) as HostName[])('%s', (name) => {
  const sketch = hosts[name]
  const wanted = expected[name]

  it.each(['9.0', '12.9'] as const)('as libvirt %s tells it', (version) => {
    const topology = readTopology(descriptionOf(sketch, version), sysfsOf(sketch))
    expect(`${topology.online}`).toBe(wanted.online)
    expect(topology.cpuCount).toBe(wanted.cpuCount)
    const cells = topology.cells.map(({ id, cpus, memory, distances }) => {
      expect([...distances.keys()]).toEqual(topology.cells.map((cell) => cell.id))
      return [id, [`${cpus}`, memory / GiB, [...distances.values()].join(' ')]]
    })
    expect(Object.fromEntries(cells)).toEqual(wanted.cells)
    for (const cell of topology.cells) {
      const inside = topology.pcpus.filter((pcpu) => pcpu.cell === cell.id)
      expect(inside.map(({ id }) => id)).toEqual([...cell.cpus])
    }
    expect(groups(topology, ({ socket }) => socket)).toEqual(wanted.sockets)
    const found = groups(topology, ({ siblings }) => `${siblings}`)
    expect([found[0], found.at(-1), found.length]).toEqual(wanted.cores)
    // A core by its numbers is one by its siblings.
    expect(groups(topology, ({ socket, die, core }) => `${socket} ${die} ${core}`)).toEqual(found)
    expect(groups(topology, ({ cache }) => cache)).toEqual(wanted.caches)
    const capacities = [...grouped(topology.pcpus, ({ capacity }) => capacity)].map(([capacity, pcpus]) => {
      return [capacity?.toFixed(2), `${CpuSet.from(pcpus.map(({ id }) => id))}`]
    })
    expect(capacities).toEqual(wanted.capacities ?? [[undefined, wanted.online]])
  })
})
