import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import { BallastError } from '../../lib/host/errors.ts'
import type { Topology } from '../../lib/host/topology.ts'
import { readTopology } from '../../lib/libvirt/capabilities.ts'
import { KiB } from '../../lib/util/units.ts'

interface Cell {
  readonly id?: number
  readonly memoryKiB?: number
  readonly distances?: Readonly<Record<number, number>>
  readonly cpus: readonly string[]
}

const capabilities = (cells: readonly Cell[], caches = '') => `<?xml version='1.0'?>
<capabilities>
  <host>
    <uuid>4c4c4544-0034-4410-8033-b4c04f4e4632</uuid>
    <cpu><arch>x86_64</arch><model>EPYC</model><topology sockets='1' dies='1' cores='99' threads='1'/></cpu>
    <cache>${caches}</cache>
    <topology><cells num='${cells.length}'>${cells.map(cellXml).join('')}</cells></topology>
  </host>
  <guest><os_type>hvm</os_type><arch name='i686'><wordsize>32</wordsize></arch></guest>
</capabilities>`

const cellXml = ({ id = 0, memoryKiB, distances, cpus }: Cell) => `<cell id='${id}'>
  ${memoryKiB === undefined ? '' : `<memory unit='KiB'>${memoryKiB}</memory><pages unit='KiB' size='4'>7</pages>`}
  ${distances ? `<distances>${Object.entries(distances).map(sibling).join('')}</distances>` : ''}
  <cpus num='${cpus.length}'>${cpus.join('')}</cpus>
</cell>`

const sibling = ([id, value]: [string, number]) => `<sibling id='${id}' value='${value}'/>`

const cpu = (id: number, socket: number, die: number, core: number, siblings: string) =>
  `<cpu id='${id}' socket_id='${socket}' die_id='${die}' core_id='${core}' siblings='${siblings}'/>`

const wordsOf = (cpus: string, cpuCount = 0) => CpuSet.parse(cpus).toWords(cpuCount)

function read(
  cells: readonly Cell[],
  host: { cpuCount: number; online?: string; memoryKiB?: number; isolated?: string; caches?: string },
): Topology {
  return readTopology({
    capabilities: capabilities(cells, host.caches),
    cpuCount: host.cpuCount,
    memoryKiB: host.memoryKiB ?? 1024,
    isolated: host.isolated ?? '',
    online: host.online === undefined ? new Uint32Array(0) : wordsOf(host.online, host.cpuCount),
  })
}

describe('the topology that capabilities tell', () => {
  it('of SMT siblings that are numbered far apart', () => {
    const cpus = [0, 1, 2, 3].map((id) => cpu(id, 0, 0, id % 2, `${id % 2},${(id % 2) + 2}`))
    const topology = read([{ memoryKiB: 2048, cpus }], { cpuCount: 4, online: '0-3', memoryKiB: 2000 })
    expect(topology.pcpus.map(({ id, core, siblings }) => [id, core, `${siblings}`])).toEqual([
      [0, 0, '0,2'],
      [1, 1, '1,3'],
      [2, 0, '0,2'],
      [3, 1, '1,3'],
    ])
    expect(topology.memory).toBe(2000 * KiB)
    expect(topology.cells[0]!.memory).toBe(2048 * KiB)
    expect(topology.cells[0]!.distances.size).toBe(0)
  })

  it('of dies, sockets, cells and their distances', () => {
    const cells = [0, 1].map((id) => ({
      id,
      memoryKiB: 1024 * (id + 1),
      distances: { 0: id === 0 ? 10 : 21, 1: id === 1 ? 10 : 21 },
      cpus: [0, 1, 2, 3].map((n) => cpu(4 * id + n, id, n >> 1, n, `${4 * id + n}`)),
    }))
    const topology = read(cells, { cpuCount: 8, online: '0-7' })
    expect(topology.pcpus.map(({ cell, socket, die }) => `${cell}${socket}${die}`)).toEqual([
      '000',
      '000',
      '001',
      '001',
      '110',
      '110',
      '111',
      '111',
    ])
    expect(topology.cells.map(({ id, cpus, memory }) => [id, `${cpus}`, memory])).toEqual([
      [0, '0-3', 1024 * KiB],
      [1, '4-7', 2048 * KiB],
    ])
    expect(topology.cells.map(({ distances }) => [...distances])).toEqual([
      [
        [0, 10],
        [1, 21],
      ],
      [
        [0, 21],
        [1, 10],
      ],
    ])
  })

  it('in ascending order, however cells and CPUs are listed', () => {
    const cells = [
      { id: 1, cpus: [cpu(3, 0, 0, 3, '3'), cpu(1, 0, 0, 1, '1')] },
      { id: 0, cpus: [cpu(2, 0, 0, 2, '2'), cpu(0, 0, 0, 0, '0')] },
    ]
    const { pcpus } = read(cells, { cpuCount: 4 })
    expect(pcpus.map(({ id, cell }) => [id, cell])).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
    ])
  })

  it('of one cell with one CPU', () => {
    const topology = read([{ cpus: [cpu(0, 0, 0, 0, '0')] }], { cpuCount: 1, online: '0' })
    expect(`${topology.online}`).toBe('0')
    expect(topology.cells).toHaveLength(1)
  })

  it('of a cell without CPUs, which has memory alone', () => {
    const cells = [
      { id: 0, memoryKiB: 10, cpus: [cpu(0, 0, 0, 0, '0')] },
      { id: 1, memoryKiB: 20, cpus: [] },
    ]
    const topology = read(cells, { cpuCount: 1 })
    expect(topology.cells[1]).toMatchObject({ id: 1, memory: 20 * KiB })
    expect(topology.cells[1]!.cpus.isEmpty).toBe(true)
  })

  it('of an older libvirt, which knows no dies', () => {
    const { pcpus } = read([{ cpus: ["<cpu id='0' socket_id='2' core_id='5' siblings='0'/>"] }], {
      cpuCount: 1,
    })
    expect(pcpus).toMatchObject([{ socket: 2, die: 0, core: 5 }])
  })

  it('of a host whose sockets have no numbers', () => {
    const cpus = [0, 1].map((id) => cpu(id, -1, 0, id, `${id}`))
    expect(read([{ cpus }], { cpuCount: 2 }).pcpus).toMatchObject([{ socket: 0 }, { socket: 0 }])
  })

  it('of many CPUs', () => {
    const cpus = Array.from({ length: 1000 }, (_, id) => cpu(id, 0, 0, id >> 1, `${id & ~1}-${id | 1}`))
    const topology = read([{ cpus }], { cpuCount: 1000, online: '0-999' })
    expect(`${topology.online}`).toBe('0-999')
    expect(`${topology.pcpus[999]!.siblings}`).toBe('998-999')
  })
})

describe('CPUs that are offline', () => {
  const some = [cpu(0, 0, 0, 0, '0'), "<cpu id='1'/>", cpu(2, 0, 0, 1, '2'), "<cpu id='3'/>"]

  it('have only their number in the capabilities', () => {
    const topology = read([{ cpus: some }], { cpuCount: 4 })
    expect(`${topology.online}`).toBe('0,2')
    expect(topology.cpuCount).toBe(4)
    expect(`${topology.cells[0]!.cpus}`).toBe('0,2')
  })

  it('or are known by the node’s map alone', () => {
    const cpus = [0, 1, 2, 3].map((id) => cpu(id, 0, 0, id, `${id}`))
    const topology = read([{ cpus }], { cpuCount: 4, online: '0-1,3' })
    expect(`${topology.online}`).toBe('0-1,3')
    expect(topology.pcpus.map(({ id }) => id)).toEqual([0, 1, 3])
    expect(`${topology.cells[0]!.cpus}`).toBe('0-1,3')
  })

  it('leave the width of maps as it is', () => {
    const topology = read([{ cpus: [cpu(0, 0, 0, 0, '0')] }], { cpuCount: 64, online: '0' })
    expect(topology.cpuCount).toBe(64)
  })

  it('even when node info counts fewer CPUs than there are numbers', () => {
    const topology = read([{ cpus: [cpu(0, 0, 0, 0, '0'), cpu(70, 0, 0, 1, '70')] }], { cpuCount: 2 })
    expect(topology.cpuCount).toBe(71)
    expect(`${topology.online}`).toBe('0,70')
  })
})

describe('capabilities without a pCPU that could be used', () => {
  it.each([
    [
      'none has its ids',
      ["<cpu id='0'/>", "<cpu id='1'/>"],
      '0-1',
      /no pCPU with its ids; its CPU map has 0-1\./,
    ],
    ['there is none', [], undefined, /no pCPU with its ids\./],
    [
      'none is online',
      [cpu(0, 0, 0, 0, '0')],
      '1',
      /they have 1, none of which is online; its CPU map has 1\./,
    ],
  ])('%s: ERR_NO_PCPU says so', (_, cpus, online, message) => {
    const host = { cpuCount: 2, ...(online !== undefined && { online }) }
    expect(() => read([{ cpus }], host)).toThrow(expect.objectContaining({ code: 'ERR_NO_PCPU' }))
    expect(() => read([{ cpus }], host)).toThrow(message)
  })
})

describe('a host that tells nothing of its topology', () => {
  it.each([
    ['no cells', capabilities([])],
    ['no topology', '<capabilities><host><cpu><arch>i686</arch></cpu></host></capabilities>'],
    ['nothing at all', '<capabilities/>'],
  ])('%s: every CPU is a core of one cell', (_, xml) => {
    const topology = readTopology({
      capabilities: xml,
      cpuCount: 3,
      memoryKiB: 77,
      online: new Uint32Array(0),
      isolated: '',
    })
    expect(topology.pcpus.map(({ id, core, cell, siblings }) => [id, core, cell, `${siblings}`])).toEqual([
      [0, 0, 0, '0'],
      [1, 1, 0, '1'],
      [2, 2, 0, '2'],
    ])
    expect(topology.cells).toMatchObject([{ id: 0, memory: 77 * KiB }])
    expect(`${topology.cells[0]!.cpus}`).toBe('0-2')
  })

  it('still tells which CPUs are online', () => {
    const topology = readTopology({
      capabilities: '<capabilities/>',
      cpuCount: 4,
      memoryKiB: 1,
      online: wordsOf('0,3', 4),
      isolated: '',
    })
    expect(`${topology.online}`).toBe('0,3')
    expect(`${topology.cells[0]!.cpus}`).toBe('0,3')
  })
})

it.each(['<capabilities><host>', 'not XML', '', '<capabilities><a></b></capabilities>'])(
  'says that it cannot read %j',
  (xml) => {
    const host = { capabilities: xml, cpuCount: 1, memoryKiB: 1, online: new Uint32Array(0), isolated: '' }
    expect(() => readTopology(host)).toThrow(BallastError)
    expect(() => readTopology(host)).toThrow(/^Cannot read the host's capabilities: \S/)
  },
)

describe('last-level caches', () => {
  const bank = (id: number, level: number, type: string, cpus: string) =>
    `<bank id='${id}' level='${level}' type='${type}' size='8' unit='MiB' cpus='${cpus}'><control granularity='768'/></bank>`
  const cpus = [0, 1, 2, 3].map((id) => cpu(id, 0, id >> 1, id, `${id}`))
  const cachesOf = (caches: string) =>
    read([{ cpus }], { cpuCount: 4, caches }).pcpus.map(({ cache }) => cache)

  it('are those of the highest level, by the banks', () => {
    const third = bank(0, 3, 'both', '0,2') + bank(1, 3, 'both', '1,3')
    expect(cachesOf(third + [0, 1, 2, 3].map((id) => bank(id, 2, 'both', `${id}`)).join(''))).toEqual([
      0, 1, 0, 1,
    ])
    expect(cachesOf(bank(7, 3, 'data', '0-2') + bank(7, 3, 'code', '0-3') + bank(9, 3, 'data', '3'))).toEqual(
      [0, 0, 0, 1],
    )
  })

  it('are taken to be one for each die where no bank tells', () => {
    expect(cachesOf('')).toEqual([0, 0, 1, 1])
    expect(cachesOf(bank(0, 3, 'both', '0-1'))).toEqual([0, 0, 1, 1])
  })
})

describe('isolated CPUs', () => {
  it('are those of the kernel’s list that are online', () => {
    const cpus = [0, 1, 2, 3].map((id) => cpu(id, 0, 0, id, `${id}`))
    const host = { cpuCount: 4, online: '0-2', isolated: '2-3\n' }
    expect(`${read([{ cpus }], host).isolated}`).toBe('2')
    expect(read([{ cpus }], { cpuCount: 4 }).isolated!.isEmpty).toBe(true)
  })
})
