import { describe, expect, it } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { readTraits } from '../../lib/libvirt/domain-xml.ts'
import { GiB, MiB } from '../../lib/util/units.ts'
import { testNode } from './node-xml.ts'

const domain = (inside: string, devices = '') =>
  `<domain type='kvm' id='7'><name>a</name>${inside}<devices>${devices}</devices></domain>`

/** Cells of a guest, in MiB each. */
function cells(...sizes: number[]): string {
  const list = sizes.map((size, id) => `<cell id='${id}' cpus='${id}' memory='${size * 1_024}' unit='KiB'/>`)
  return `<cpu><numa>${list.join('')}</numa></cpu>`
}

/** A plugged memory device in MiB, on pages of so many KiB. */
function dimm(size: number, page: number | undefined): string {
  const source = page === undefined ? '' : `<source><pagesize unit='KiB'>${page}</pagesize></source>`
  const target = `<target><size unit='KiB'>${size * 1_024}</size><node>0</node></target>`
  return `<memory model='dimm'>${source}${target}</memory>`
}

describe('traits from a domain’s XML', () => {
  it('tell the balloon', () => {
    const balloonOf = (devices: string) => readTraits(domain('', devices)).balloon
    expect(balloonOf("<memballoon model='virtio'><stats period='5'/></memballoon>")).toBe('virtio')
    expect(balloonOf("<memballoon model='virtio-non-transitional'/>")).toBe('virtio')
    expect(balloonOf("<memballoon model='xen'/>")).toBe('xen')
    expect(balloonOf("<memballoon model='none'/>")).toBe('none')
    expect(balloonOf('')).toBeUndefined()
    expect(readTraits("<domain type='kvm'/>").balloon).toBeUndefined()
  })

  it('tell the statistics period', () => {
    const periodOf = (stats: string) =>
      readTraits(domain('', `<memballoon model='virtio'>${stats}</memballoon>`)).statsPeriodSeconds
    expect(periodOf("<stats period='5'/>")).toBe(5)
    expect(periodOf("<stats period='0'/>")).toBeUndefined()
    expect(periodOf('<alias name="balloon0"/>')).toBeUndefined()
    expect(periodOf('')).toBeUndefined()
  })

  it('tell of virtio-mem devices, all together', () => {
    const device = (model: string, ...sizes: string[]) => {
      const [size, requested, current] = sizes
      return `<memory model='${model}'><target><size unit='KiB'>${size}</size><node>0</node><block unit='KiB'>2048</block>
        <requested unit='KiB'>${requested}</requested><current unit='KiB'>${current}</current></target></memory>`
    }
    const virtioMemOf = (devices: string) => readTraits(domain('', devices)).virtioMem
    expect(virtioMemOf(dimm(256, undefined))).toBeUndefined()
    expect(virtioMemOf('')).toBeUndefined()
    expect(virtioMemOf(device('virtio-mem', '1048576', '524288', '262144'))).toEqual({
      size: GiB,
      requested: 512 * MiB,
      current: 256 * MiB,
    })
    const two =
      device('virtio-mem', '1048576', '524288', '524288') + device('virtio-mem', '2097152', '0', '0')
    expect(virtioMemOf(two + dimm(256, undefined))).toEqual({
      size: 3 * GiB,
      requested: 512 * MiB,
      current: 512 * MiB,
    })
    expect(() => virtioMemOf(device('virtio-mem', 'much', '0', '0'))).toThrow('Cannot read the domain')
  })

  it.each([
    [
      'huge pages',
      "<memory>64</memory><memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>",
      '',
    ],
    ['huge pages', '<memory>64</memory><memoryBacking><hugepages/><locked/></memoryBacking>', ''],
    ['locked', '<memoryBacking><locked/></memoryBacking>', ''],
    ['locked', "<launchSecurity type='sev'><policy>0x3</policy></launchSecurity>", ''],
    ['locked', "<launchSecurity type='sev-snp'/>", ''],
    ['passthrough', '', "<hostdev mode='subsystem' type='pci' managed='yes'><source/></hostdev>"],
    ['passthrough', '', "<hostdev mode='subsystem' type='usb'/><hostdev mode='subsystem' type='mdev'/>"],
    ['passthrough', '', "<interface type='network'/><interface type='hostdev'/>"],
    ['passthrough', '', "<interface type='vdpa'/>"],
    ['passthrough', '', "<disk type='file'/><disk type='nvme'/>"],
    [undefined, '', "<hostdev mode='subsystem' type='usb'/><interface type='bridge'/><disk type='file'/>"],
    [undefined, '<memoryBacking/>', ''],
    [undefined, "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>", ''],
  ])('tell what pins memory: %s', (pinned, inside, devices) => {
    expect(readTraits(domain(inside, devices)).pinnedMemory).toBe(pinned)
  })

  it.each<[number, string, string]>([
    [0, '', ''],
    [2_048, '<hugepages/>', ''],
    [2_048, "<hugepages><page size='2048' unit='KiB'/></hugepages><locked/>", ''],
    [2_048, "<hugepages><page size='1' unit='G' nodeset='0'/></hugepages>", ''],
    [0, "<hugepages><page size='4' unit='KiB'/></hugepages>", ''],
    [512, "<hugepages><page size='2048' unit='KiB' nodeset='1'/></hugepages>", cells(1_536, 512)],
    [1_536, "<hugepages><page size='2048'/><page size='4' nodeset='1'/></hugepages>", cells(1_536, 512)],
    [
      2_048,
      "<hugepages><page size='2048' nodeset='0'/><page size='1048576' nodeset='1-3'/></hugepages>",
      cells(1_024, 1_024),
    ],
    [256, '', `${cells(1_536, 256)}<devices>${dimm(256, 2_048)}${dimm(256, undefined)}</devices>`],
    [2_048, '<hugepages/>', `<devices>${dimm(256, undefined)}</devices>`],
  ])('tell what is on huge pages: %i MiB of 2 GiB', (huge, backing, elements) => {
    const xml = `<domain><memory unit='KiB'>2097152</memory><memoryBacking>${backing}</memoryBacking>${elements}</domain>`
    const { hugePages = 0, pinnedMemory } = readTraits(xml)
    expect(hugePages / 2 ** 20).toBe(huge)
    expect(pinnedMemory === 'huge pages').toBe(huge > 0)
  })

  it.each([
    [true, "<source type='file'/><access mode='shared'/>"],
    [false, "<source type='file'/><access mode='private'/>"],
    [false, "<source type='file'/>"],
    [false, "<source type='memfd'/><access mode='shared'/>"],
    [false, "<hugepages/><source type='file'/><access mode='shared'/>"],
  ])('tell whether memory is a shared file: %s', (is, backing) => {
    const xml = `<domain><memory>1</memory><memoryBacking>${backing}</memoryBacking></domain>`
    expect(readTraits(xml).fileBacked ?? false).toBe(is)
  })

  it('take nothing from metadata, names or entities', () => {
    const metadata =
      "<metadata><x:y xmlns:x='urn:x'><hugepages/><memballoon model='none'/></x:y></metadata>" +
      '<title>&lt;memoryBacking>&amp;&#x41;</title>'
    expect(readTraits(domain(metadata, "<memballoon model='virtio'/>"))).toEqual({
      balloon: 'virtio',
      statsPeriodSeconds: undefined,
      pinnedMemory: undefined,
    })
  })

  it('are an error where the XML is none', () => {
    expect(() => readTraits('<domain><devices>')).toThrow("Cannot read the domain's XML")
  })
})

describe('traits of a running domain', () => {
  it('come from its live XML', async () => {
    const node = testNode(2, [
      { name: 'unsaid' },
      {
        name: 'huge',
        elements:
          "<memoryBacking><hugepages/></memoryBacking><devices><memballoon model='virtio'/></devices>",
      },
      { name: 'none', elements: "<devices><memballoon model='none'/></devices>" },
    ])
    try {
      await using host = await connect(node.uri)
      const traitsOf = async (name: string) => host.domainTraits((await host.domain(name)).uuid)
      const unsaid = { balloon: undefined, statsPeriodSeconds: undefined, pinnedMemory: undefined }
      expect(await traitsOf('unsaid')).toEqual(unsaid)
      expect(await traitsOf('huge')).toMatchObject({ balloon: 'virtio', pinnedMemory: 'huge pages' })
      expect(await traitsOf('none')).toEqual({ ...unsaid, balloon: 'none' })
    } finally {
      node.remove()
    }
  })
})
