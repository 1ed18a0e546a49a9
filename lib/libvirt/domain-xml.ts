import type { DomainTraits, PinnedMemory } from '../host/domain-traits.ts'
import { BallastError } from '../host/errors.ts'
import { xmlReader } from '../util/xml-reader.ts'
import { type GuestMemoryElement, hugePagesOf, isFileBacked, listsOfPages } from './guest-pages.ts'
import { boundCells, type NumatuneElement } from './numatune.ts'
import { virtioMemOf } from './virtio-mem.ts'

/** What the XML parser makes of a domain's XML, as far as we read it: attributes are strings, empty elements are `''`. */
interface DomainElement extends Omit<GuestMemoryElement, 'devices'> {
  /** Encrypted guests; `sev`, `sev-snp` and `tdx` pin their memory, `s390-pv` does not say. */
  readonly launchSecurity?: { readonly type?: string } | string
  readonly devices?: DevicesElement | string
  readonly numatune?: NumatuneElement | string
}
interface DevicesElement extends Exclude<NonNullable<GuestMemoryElement['devices']>, string> {
  readonly memballoon?: { readonly model?: string; readonly stats?: { readonly period?: string } }
  readonly hostdev?: readonly { readonly type?: string }[]
  readonly interface?: readonly { readonly type?: string }[]
  readonly disk?: readonly { readonly type?: string }[]
}

/** Devices that are given to the guest through VFIO or vDPA, by their element's `type`. */
const passedThrough = {
  hostdev: new Set(['pci', 'mdev']),
  interface: new Set(['hostdev', 'vdpa']),
  disk: new Set(['nvme', 'vhostvdpa']),
} as const

const readXml = xmlReader({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  // Whatever its users put there is none of ours.
  stopNodes: ['domain.metadata'],
  isArray: (name, path) =>
    name === 'hostdev' || name === 'interface' || name === 'disk' || listsOfPages.has(String(path)),
})

/** Reads the traits of a running domain from its live XML. Throws `ERR_LIBVIRT` when the XML cannot be read. */
export function readTraits(xml: string): DomainTraits {
  try {
    return traitsOf(xml)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BallastError('ERR_LIBVIRT', `Cannot read the domain's XML: ${why}`, { cause })
  }
}

function traitsOf(xml: string): DomainTraits {
  const { domain: element } = readXml(xml)
  const domain: DomainElement = typeof element === 'object' ? element : {}
  const devices = typeof domain.devices === 'object' ? domain.devices : {}
  const { period = '' } = devices.memballoon?.stats ?? {}
  const hugePages = hugePagesOf(domain)
  const memoryCells = boundCells(domain.numatune)
  const virtioMem = virtioMemOf(domain)
  return {
    balloon: balloonOf(devices.memballoon?.model),
    statsPeriodSeconds: /^\d{1,9}$/.test(period) ? Number(period) || undefined : undefined,
    pinnedMemory: pinnedMemoryOf(domain, devices, hugePages),
    ...(hugePages > 0 && { hugePages }),
    ...(isFileBacked(domain) && { fileBacked: true }),
    ...(memoryCells && { memoryCells }),
    ...(virtioMem && { virtioMem }),
  }
}

function balloonOf(model: string | undefined): DomainTraits['balloon'] {
  if (model === 'none' || model === 'xen') return model
  // `virtio-transitional` and `virtio-non-transitional` are the same device in other slots.
  return model?.startsWith('virtio') ? 'virtio' : undefined
}

function pinnedMemoryOf(
  domain: DomainElement,
  devices: DevicesElement,
  hugePages: number,
): PinnedMemory | undefined {
  const passesThrough = (['hostdev', 'interface', 'disk'] as const).some((kind) => {
    return devices[kind]?.some(({ type = '' }) => passedThrough[kind].has(type))
  })
  if (passesThrough) return 'passthrough'
  const backing = typeof domain.memoryBacking === 'object' ? domain.memoryBacking : {}
  if (hugePages > 0) return 'huge pages'
  const security = typeof domain.launchSecurity === 'object' ? domain.launchSecurity.type : undefined
  const encrypted = security?.startsWith('sev') || security === 'tdx'
  return backing.locked !== undefined || encrypted ? 'locked' : undefined
}
