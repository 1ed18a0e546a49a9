import type { NativeHostDescription } from '../../../lib/addon/native.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { ReadSysfs } from '../../../lib/libvirt/pcpu-capacity.ts'
import { grouped } from './grouped.ts'
import type { HostSketch, SketchedCell, SketchedPcpu } from './sketch.ts'

/** Versions of libvirt whose capabilities differ in what we read. */
export type LibvirtVersion = '9.0' | '12.9'

/** What the addon hands over of such a host, as this libvirt tells it. */
export function descriptionOf(
  host: HostSketch,
  version: LibvirtVersion,
): Omit<NativeHostDescription, 'isLocal'> {
  const cpuCount = Math.max(...host.pcpus.map(({ id }) => id)) + 1
  return {
    capabilities: capabilitiesOf(host, version),
    memoryKiB: host.cells.reduce((sum, { memoryMiB }) => sum + 1024 * memoryMiB, 0),
    cpuCount,
    online: onlineOf(host).toWords(cpuCount),
    isolated: '\n',
  }
}

/** Its files below `/sys/devices`; those of offline pCPUs are gone. */
export function sysfsOf({ pcpus, files = {} }: HostSketch): ReadSysfs {
  const all = new Map(Object.entries(files))
  for (const { id, isOffline, files: own = {} } of pcpus) {
    if (isOffline) continue
    for (const [name, value] of Object.entries(own)) all.set(`system/cpu/cpu${id}/${name}`, `${value}\n`)
  }
  return (path) => all.get(path)
}

function onlineOf({ pcpus }: HostSketch): CpuSet {
  return CpuSet.from(pcpus.filter(({ isOffline }) => !isOffline).map(({ id }) => id))
}

function capabilitiesOf(host: HostSketch, version: LibvirtVersion): string {
  const banks = banksOf(host, version).join('')
  return `<capabilities>
  <host>
    <cpu><arch>${host.arch}</arch></cpu>
    <topology>
      <cells num='${host.cells.length}'>
${host.cells.map((cell) => cellXml(host, cell, version)).join('\n')}
      </cells>
    </topology>
    ${banks && `<cache>${banks}</cache>`}
  </host>
</capabilities>`
}

/** libvirt leaves out the memory of a cell that has none. */
function cellXml(
  host: HostSketch,
  { id, memoryMiB, distances }: SketchedCell,
  version: LibvirtVersion,
): string {
  const online = onlineOf(host)
  const cpus = host.pcpus.filter(({ cell }) => cell === id).map((pcpu) => cpuXml(pcpu, online, version))
  const memory = memoryMiB === 0 ? '' : `<memory unit='KiB'>${1024 * memoryMiB}</memory>`
  const siblings = host.cells.map((other, at) => `<sibling id='${other.id}' value='${distances[at]}'/>`)
  return `<cell id='${id}'>
  ${memory}
  <pages unit='KiB' size='4'>${256 * memoryMiB}</pages>
  <distances>${siblings.join('')}</distances>
  ${cpus.length === 0 ? "<cpus num='0'/>" : `<cpus num='${cpus.length}'>${cpus.join('\n')}</cpus>`}
</cell>`
}

/** Of an offline pCPU libvirt 9.0 has the number alone, 12.9 also ids, which it makes up. */
function cpuXml(pcpu: SketchedPcpu, online: CpuSet, version: LibvirtVersion): string {
  const { id, socket, die = 0, cluster = 65_535, core } = pcpu
  const clusterId = (value: number) => (version === '12.9' ? ` cluster_id='${value}'` : '')
  if (pcpu.isOffline) {
    if (version === '9.0') return `<cpu id='${id}'/>`
    return `<cpu id='${id}' socket_id='0' die_id='0'${clusterId(0)} core_id='0' siblings='${id}'/>`
  }
  const siblings = CpuSet.parse(pcpu.siblings).and(online)
  return `<cpu id='${id}' socket_id='${socket}' die_id='${die}'${clusterId(cluster)} core_id='${core}' siblings='${siblings}'/>`
}

/** 12.9 has the caches of level 2 too, one for each core here. */
function banksOf({ pcpus }: HostSketch, version: LibvirtVersion): string[] {
  const online = pcpus.filter(({ isOffline, cache }) => !isOffline && cache !== undefined)
  const second = version === '9.0' ? [] : banks(2, online, ({ siblings }) => siblings)
  return [...second, ...banks(3, online, ({ cache }) => cache)]
}

function banks(
  level: number,
  online: readonly SketchedPcpu[],
  keyOf: (pcpu: SketchedPcpu) => unknown,
): string[] {
  return [...grouped(online, keyOf).values()].map((pcpus, id) => {
    const cpus = CpuSet.from(pcpus.map((pcpu) => pcpu.id))
    return `<bank id='${id}' level='${level}' type='both' size='4' unit='MiB' cpus='${cpus}'/>`
  })
}
