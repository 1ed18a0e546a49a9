import type { NativeHostDescription } from '../addon/native.ts'
import { CpuSet } from '../host/cpuset.ts'
import { BallastError } from '../host/errors.ts'
import type { NumaCell, Pcpu, Topology } from '../host/topology.ts'
import { KiB } from '../util/units.ts'
import { xmlReader } from '../util/xml-reader.ts'
import { type ReadSysfs, readCapacities } from './pcpu-capacity.ts'

/** What the XML parser makes of `<host><topology><cells>`, as far as we read it: attributes are strings. */
interface CellElement {
  readonly id: string
  readonly memory?: { readonly '#text': string; readonly unit: string } | string
  readonly distances?: { readonly sibling?: readonly { readonly id: string; readonly value: string }[] }
  readonly cpus?: { readonly cpu?: readonly CpuElement[] }
}
interface CpuElement {
  readonly id: string
  readonly socket_id?: string
  readonly die_id?: string
  readonly core_id?: string
  readonly siblings?: string
}

/** `<host><cache><bank>`: one cache, and the pCPUs that share it. */
interface BankElement {
  readonly level?: string
  /** `both` (data and instructions), `data` or `code`. */
  readonly type?: string
  readonly cpus?: string
}
/** What of `<host>` says how the pCPUs hang together. */
interface HostElement {
  readonly topology?: { readonly cells?: { readonly cell?: readonly CellElement[] } }
  readonly cache?: { readonly bank?: readonly BankElement[] }
}
/** A pCPU without what follows only from all of them together. */
type LonePcpu = Omit<Pcpu, 'cache'>

const readXml = xmlReader({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => name === 'cell' || name === 'cpu' || name === 'sibling' || name === 'bank',
})

/**
 * Reads the shape of a host from its capabilities XML (`<topology>`), which knows more than node info
 * does: dies, SMT siblings, distances. Throws `ERR_LIBVIRT` when it cannot be read, or makes no sense, and
 * `ERR_NO_PCPU` when no pCPU in it is online. `sysfs` tells how much work each pCPU does.
 */
export function readTopology(
  host: Omit<NativeHostDescription, 'isLocal'>,
  sysfs: ReadSysfs = () => undefined,
): Topology {
  try {
    return topologyOf(host, sysfs)
  } catch (cause) {
    if (cause instanceof BallastError && cause.code === 'ERR_NO_PCPU') throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BallastError('ERR_LIBVIRT', `Cannot read the host's capabilities: ${why}`, { cause })
  }
}

function topologyOf(host: Omit<NativeHostDescription, 'isLocal'>, sysfs: ReadSysfs): Topology {
  const { topology, cache } = hostElement(host.capabilities)
  const cellElements = topology?.cells?.cell ?? []
  const known = cellElements.length > 0 ? cellElements.flatMap(readPcpus) : flatPcpus(host.cpuCount)
  const mapped = CpuSet.fromWords(host.online)
  const lone = known.filter((pcpu) => mapped.isEmpty || mapped.has(pcpu.id)).sort((a, b) => a.id - b.id)
  const capacities = readCapacities(
    lone.map(({ id }) => id),
    sysfs,
  )
  const pcpus = withCaches(lone, cache?.bank ?? []).map((pcpu) => {
    const capacity = capacities.get(pcpu.id)
    return capacity === undefined ? pcpu : { ...pcpu, capacity }
  })
  const online = CpuSet.from(pcpus.map((pcpu) => pcpu.id))
  if (online.size < pcpus.length) throw new Error('a pCPU is there twice')
  if (online.isEmpty) throw noPcpu(known.length, mapped)
  const highest = pcpus.at(-1)?.id ?? -1
  return {
    pcpus,
    online,
    isolated: CpuSet.parse(host.isolated).and(online),
    cpuCount: Math.max(host.cpuCount, highest + 1),
    cells: cellElements.length > 0 ? readCells(cellElements, online) : [flatCell(host, online)],
    memory: host.memoryKiB * KiB,
  }
}

function noPcpu(known: number, mapped: CpuSet): BallastError {
  const told = known === 0 ? 'they have no pCPU with its ids' : `they have ${known}, none of which is online`
  const map = mapped.isEmpty ? '' : `; its CPU map has ${mapped}`
  return new BallastError(
    'ERR_NO_PCPU',
    `The host's capabilities have no pCPU that could be used: ${told}${map}. See what "virsh capabilities" has in <topology>`,
  )
}

function hostElement(capabilities: string): HostElement {
  const document = readXml(capabilities)
  return document.capabilities?.host ?? {}
}

/** A number as libvirt writes an id, a size or a distance; throws for anything else. */
function whole(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw new Error(`expected a whole number, got ${JSON.stringify(text)}`)
  }
  return Number(text)
}

/**
 * Tells each pCPU (ascending by id) which others share its last-level cache: by the largest level that the host has banks
 * of; those in no bank are taken to share one with their die.
 */
function withCaches(pcpus: readonly LonePcpu[], banks: readonly BankElement[]): Pcpu[] {
  const data = banks.filter(({ type, cpus }) => type !== 'code' && cpus !== undefined)
  const last = Math.max(...data.map(({ level }) => Number(level)))
  const sharing = data.filter(({ level }) => Number(level) === last).map(({ cpus }) => CpuSet.parse(cpus!))
  const numbers = new Map<string, number>()
  return pcpus.map((pcpu) => {
    const bank = sharing.findIndex((cpus) => cpus.has(pcpu.id))
    const group = bank < 0 ? `die ${pcpu.socket} ${pcpu.die}` : `bank ${bank}`
    const cache = numbers.get(group) ?? numbers.size
    numbers.set(group, cache)
    return { ...pcpu, cache }
  })
}

function readPcpus(cell: CellElement): LonePcpu[] {
  return (cell.cpus?.cpu ?? [])
    .filter((cpu) => cpu.core_id !== undefined) // an offline one has only its number
    .map((cpu) => ({
      id: whole(cpu.id),
      cell: whole(cell.id),
      socket: socketOf(cpu.socket_id),
      die: whole(cpu.die_id ?? '0'),
      core: whole(cpu.core_id),
      siblings: CpuSet.parse(cpu.siblings ?? cpu.id),
    }))
}

/** libvirt writes -1 where the firmware does not number sockets, as on some ARM machines: then they are one. */
function socketOf(text: string | undefined): number {
  return text === undefined || text === '-1' ? 0 : whole(text)
}

/** libvirt leaves out memory that it cannot tell, and that of a cell without any: the second where others have theirs. */
function readCells(elements: readonly CellElement[], online: CpuSet): NumaCell[] {
  const otherwise = elements.some(({ memory }) => memory !== undefined) ? 0 : Number.NaN
  return elements.map((cell) => readCell(cell, online, otherwise))
}

function readCell(cell: CellElement, online: CpuSet, otherwise: number): NumaCell {
  const memory = typeof cell.memory === 'string' ? cell.memory : cell.memory?.['#text']
  return {
    id: whole(cell.id),
    cpus: CpuSet.from(readPcpus(cell).map((pcpu) => pcpu.id)).and(online),
    memory: memory === undefined ? otherwise : whole(memory) * KiB,
    distances: new Map(cell.distances?.sibling?.map(({ id, value }) => [whole(id), whole(value)]) ?? []),
  }
}

// A host that does not report its shape: every CPU a core of its own, in one cell.
function flatPcpus(count: number): LonePcpu[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    cell: 0,
    socket: 0,
    die: 0,
    core: id,
    siblings: CpuSet.of(id),
  }))
}

function flatCell(host: Omit<NativeHostDescription, 'isLocal'>, online: CpuSet): NumaCell {
  return {
    id: 0,
    cpus: online,
    memory: host.memoryKiB * KiB,
    distances: new Map(),
  }
}
