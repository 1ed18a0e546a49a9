import { CpuSet } from '../host/cpuset.ts'
import { KiB } from '../util/units.ts'

/** A size: text with a unit, which the XML of a running domain always has as KiB. */
export type SizeElement = { readonly '#text'?: string; readonly unit?: string } | string
interface PageElement {
  readonly size?: string
  readonly unit?: string
  /** The guest's NUMA cells that it is for; default: all that no other page names. */
  readonly nodeset?: string
}
interface CellElement {
  readonly id?: string
  readonly memory?: string
  readonly unit?: string
}
/** A memory device that was plugged in. */
export interface MemoryDeviceElement {
  readonly model?: string
  readonly source?: { readonly pagesize?: SizeElement } | string
  readonly target?:
    | {
        readonly size?: SizeElement
        readonly node?: string
        /** Of virtio-mem: what its owner wants plugged, and what is. */
        readonly requested?: SizeElement
        readonly current?: SizeElement
      }
    | string
}

/** What of a domain's XML says what its memory is made of. Lists are arrays, empty elements `''`. */
export interface GuestMemoryElement {
  readonly memory?: SizeElement
  readonly memoryBacking?: MemoryBackingElement | string
  readonly cpu?: { readonly numa?: { readonly cell?: readonly CellElement[] } | string } | string
  readonly devices?: { readonly memory?: readonly MemoryDeviceElement[] } | string
}
export interface MemoryBackingElement {
  readonly hugepages?: { readonly page?: readonly PageElement[] } | string
  readonly locked?: unknown
  readonly source?: { readonly type?: string } | string
  readonly access?: { readonly mode?: string } | string
}

/** Paths of the elements that there may be several of. */
export const listsOfPages: ReadonlySet<string> = new Set([
  'domain.memoryBacking.hugepages.page',
  'domain.cpu.numa.cell',
  'domain.devices.memory',
])

/** The largest page size that is no huge page anywhere. */
const ordinaryPage = 4 * KiB

/** Bytes of a domain's memory that come from pools of huge pages. Throws for what is no size. */
export function hugePagesOf(domain: GuestMemoryElement): number {
  const { hugepages } = objectOf(domain.memoryBacking)
  const isHuge = pagesByCell(hugepages)
  const plugged = (objectOf(domain.devices).memory ?? []).map((device) => {
    const { size, node = '0' } = objectOf(device.target)
    const { pagesize } = objectOf(device.source)
    const isOwn = pagesize !== undefined && bytesOf(pagesize) > ordinaryPage
    return { bytes: size === undefined ? 0 : bytesOf(size), isHuge: isOwn || isHuge(whole(node)) }
  })
  const cells = objectOf(objectOf(domain.cpu).numa).cell ?? []
  const total = domain.memory === undefined ? 0 : bytesOf(domain.memory)
  const lone = total - plugged.reduce((sum, { bytes }) => sum + bytes, 0)
  const parts =
    cells.length === 0
      ? [{ bytes: Math.max(0, lone), isHuge: isHuge(0) }]
      : cells.map(({ id = '0', memory = '0', unit = 'KiB' }) => {
          return { bytes: bytesOf({ '#text': memory, unit }), isHuge: isHuge(whole(id)) }
        })
  return [...parts, ...plugged].reduce((sum, part) => sum + (part.isHuge ? part.bytes : 0), 0)
}

/** Whether a guest's memory is a file that it shares: the host counts such pages as page cache. */
export function isFileBacked({ memoryBacking }: GuestMemoryElement): boolean {
  const { hugepages, source, access } = objectOf(memoryBacking)
  return hugepages === undefined && objectOf(source).type === 'file' && objectOf(access).mode === 'shared'
}

function pagesByCell(hugepages: MemoryBackingElement['hugepages']): (cell: number) => boolean {
  if (hugepages === undefined) return () => false
  const pages = objectOf(hugepages).page ?? []
  if (pages.length === 0) return () => true // of the default size
  const sizes = pages.map(({ size = '0', unit = 'KiB', nodeset }) => ({
    isHuge: bytesOf({ '#text': size, unit }) > ordinaryPage,
    cells: nodeset === undefined ? undefined : CpuSet.parse(nodeset),
  }))
  const usual = sizes.find(({ cells }) => cells === undefined)?.isHuge ?? false
  return (cell) => sizes.find(({ cells }) => cells?.has(cell))?.isHuge ?? usual
}

/** An element with nothing in it is `''`. */
export function objectOf<T extends object>(element: T | string | undefined): Partial<T> {
  return typeof element === 'object' ? element : {}
}

/** By the first letter of a unit: libvirt takes `G`, `GiB` and such for powers of 1,024. */
const powers = 'bkmgtpe'

/** Throws for what is no size. */
export function bytesOf(size: SizeElement): number {
  const { '#text': text = '', unit = 'KiB' } = typeof size === 'object' ? size : { '#text': size }
  const power = powers.indexOf(unit.charAt(0).toLowerCase())
  if (power < 0) throw new Error(`expected a unit of memory, got ${JSON.stringify(unit)}`)
  return whole(text) * KiB ** power
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`expected a whole number, got ${JSON.stringify(text)}`)
  return Number(text)
}
