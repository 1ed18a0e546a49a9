import { BallastError } from '../../host/errors.ts'
import type { GuestRequirement } from '../../host/migration.ts'
import { xmlReader } from '../../util/xml-reader.ts'
import { type GuestMemoryElement, hugePagesOf, listsOfPages } from '../guest-pages.ts'

/** What the XML parser makes of a domain's XML, as far as it matters to another host. */
interface DomainElement extends Omit<GuestMemoryElement, 'devices' | 'cpu'> {
  readonly type?: string
  readonly os?: {
    readonly type?: { readonly arch?: string; readonly machine?: string } | string
    readonly kernel?: string
    readonly initrd?: string
    readonly loader?: { readonly '#text'?: string } | string
  }
  readonly cpu?: { readonly mode?: string } & Exclude<NonNullable<GuestMemoryElement['cpu']>, string>
  readonly launchSecurity?: unknown
  readonly devices?: DevicesElement | string
}
interface DevicesElement extends Exclude<NonNullable<GuestMemoryElement['devices']>, string> {
  readonly disk?: readonly DiskElement[]
  readonly interface?: readonly InterfaceElement[]
  readonly hostdev?: readonly { readonly type?: string }[]
  readonly filesystem?: readonly { readonly target?: { readonly dir?: string } }[]
  readonly tpm?: { readonly backend?: { readonly type?: string } }
}
interface DiskElement {
  readonly type?: string
  readonly source?: SourceElement | string
  readonly target?: { readonly dev?: string }
  readonly readonly?: unknown
  readonly shareable?: unknown
}
interface SourceElement {
  readonly file?: string
  readonly dev?: string
  readonly dir?: string
  readonly pool?: string
  readonly volume?: string
}
interface InterfaceElement {
  readonly type?: string
  readonly source?: { readonly network?: string; readonly bridge?: string; readonly dev?: string } | string
}

const lists: ReadonlySet<string> = new Set(['disk', 'interface', 'hostdev', 'filesystem'])

const readXml = xmlReader({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: true,
  stopNodes: ['domain.metadata'],
  isArray: (name, path) => lists.has(name) || listsOfPages.has(String(path)),
})

/** What is asked of the host that a guest runs on, beside the guest's definition. */
export interface SourceHost {
  /** The host's capabilities, XML. */
  readonly capabilities: string
  /** Whether a file is on a file system that only this machine has; undefined: that cannot be told. */
  isOnLocalFileSystem(path: string): Promise<boolean | undefined>
}

/** Reads what a running domain needs of a host from its live XML. Rejects with `ERR_LIBVIRT` when it cannot be read. */
export async function readRequirement(xml: string, host: SourceHost): Promise<GuestRequirement> {
  const domain = parse(xml)
  const { os = {}, devices } = domain
  const { arch, machine } = typeof os.type === 'object' ? os.type : {}
  if (arch === undefined || machine === undefined) {
    throw new BallastError('ERR_LIBVIRT', "The domain's XML has no architecture and machine type")
  }
  const { disk = [], interface: interfaces = [], ...others } = typeof devices === 'object' ? devices : {}
  const loader = typeof os.loader === 'object' ? os.loader['#text'] : os.loader
  const programs = [os.kernel, os.initrd, loader].flatMap((path) => path || [])
  return {
    virtualization: domain.type,
    architecture: arch,
    machine,
    cpu: domain.cpu?.mode === 'host-passthrough' ? cpuOf(host.capabilities) : cpuOf(withoutMetadata(xml)),
    storage: unique([...programs, ...disk.flatMap(storageOf)]),
    networks: unique(interfaces.flatMap(networkOf)),
    hugePages: hugePagesOf({ ...domain, devices: others }),
    immovable: [
      ...interfaces.flatMap(passedThrough),
      ...fixedDevices(others, domain.launchSecurity !== undefined),
      ...(await localDisks(disk, host)),
    ],
  }
}

function parse(xml: string): DomainElement {
  try {
    const { domain } = readXml(xml)
    return typeof domain === 'object' ? domain : {}
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BallastError('ERR_LIBVIRT', `Cannot read the domain's XML: ${why}`, { cause })
  }
}

function withoutMetadata(xml: string): string {
  return xml.replace(/<metadata>[\s\S]*<\/metadata>/, '')
}

/** The first `<cpu>` element as it is written: libvirt is to read it, and not we. */
function cpuOf(xml: string): string | undefined {
  return /<cpu(?:\s[^>]*)?(?:\/>|>[\s\S]*?<\/cpu>)/.exec(xml)?.[0]
}

function storageOf({ type, source }: DiskElement): string[] {
  if (typeof source !== 'object') return [] // an empty drive
  const { file, dev, dir, pool, volume } = source
  if (type === 'volume') return pool === undefined || volume === undefined ? [] : [`volume ${pool}/${volume}`]
  const path = type === 'file' ? file : type === 'block' ? dev : type === 'dir' ? dir : undefined
  return path === undefined ? [] : [path]
}

function networkOf({ type, source }: InterfaceElement): string[] {
  const { network, bridge, dev } = typeof source === 'object' ? source : {}
  if (type === 'network' && network !== undefined) return [`network ${network}`]
  if (type === 'bridge' && bridge !== undefined) return [`bridge ${bridge}`]
  if (type === 'direct' && dev !== undefined) return [`device ${dev}`]
  return []
}

function passedThrough({ type }: InterfaceElement): string[] {
  return type === 'hostdev' || type === 'vdpa' ? ['a passed-through network device'] : []
}

function fixedDevices(devices: DevicesElement, isEncrypted: boolean): string[] {
  const { hostdev = [], filesystem = [], tpm } = devices
  return [
    ...hostdev.map(({ type = 'host' }) => `a passed-through ${type} device`),
    ...filesystem.map(({ target }) => `a file system of the host, ${JSON.stringify(target?.dir ?? '')}`),
    ...(tpm?.backend?.type === 'passthrough' ? ["the host's TPM"] : []),
    ...(isEncrypted ? ['encrypted memory'] : []),
  ]
}

async function localDisks(disks: readonly DiskElement[], host: SourceHost): Promise<string[]> {
  const found: string[] = []
  for (const disk of disks) {
    const name = disk.target?.dev ?? ''
    if (disk.type === 'nvme' || disk.type === 'vhostvdpa' || disk.type === 'vhostuser') {
      found.push(`disk ${name} is a device of the host`)
    }
    const path = typeof disk.source === 'object' ? disk.source.file : undefined
    if (disk.type !== 'file' || path === undefined || disk.readonly !== undefined) continue
    if (await host.isOnLocalFileSystem(path)) {
      found.push(`disk ${name} is on a file system of this host alone: ${path}`)
    }
  }
  return found
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)]
}
