import { describe, expect, it } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { readTraits } from '../../lib/libvirt/domain-xml.ts'
import { testNode } from './node-xml.ts'

const domain = (inside: string, devices = '') =>
  `<domain type='kvm' id='7'><name>a</name>${inside}<devices>${devices}</devices></domain>`

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

  it.each([
    [
      'huge pages',
      "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>",
      '',
    ],
    ['huge pages', '<memoryBacking><hugepages/><locked/></memoryBacking>', ''],
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
      expect(await traitsOf('huge')).toEqual({ ...unsaid, balloon: 'virtio', pinnedMemory: 'huge pages' })
      expect(await traitsOf('none')).toEqual({ ...unsaid, balloon: 'none' })
    } finally {
      node.remove()
    }
  })
})
