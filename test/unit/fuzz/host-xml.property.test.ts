import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BallastError } from '../../../lib/host/errors.ts'
import type { Topology } from '../../../lib/host/topology.ts'
import { readTopology } from '../../../lib/libvirt/capabilities.ts'
import { readTraits } from '../../../lib/libvirt/domain-xml.ts'
import { runs } from '../../support/runs.ts'
import { anyText, nearly, unless } from './arbitraries.ts'

const isUnreadable = (error: unknown) => error instanceof BallastError && error.code === 'ERR_LIBVIRT'
const isNoTopology = (error: unknown) =>
  isUnreadable(error) || (error instanceof BallastError && error.code === 'ERR_NO_PCPU')
const pieces = [
  "='",
  '<cell/>',
  '<cpu/>',
  '<host/>',
  "id='-1'",
  '1e9',
  'NaN',
  '<!--',
  '<![CDATA[',
  '&#x1b;',
  '/>',
  '>',
]

const capabilities = `<capabilities><host><cpu><arch>x86_64</arch></cpu>
<cache><bank id='0' level='3' type='both' size='8' unit='MiB' cpus='0-1'/><bank id='1' level='3' type='both' cpus='2-3'/></cache>
<topology><cells num='2'><cell id='0'><memory unit='KiB'>1048576</memory>
<distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances><cpus num='2'>
<cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0-1'/><cpu id='1' socket_id='0' die_id='0' core_id='0' siblings='0-1'/></cpus></cell>
<cell id='1'><memory unit='KiB'>1048576</memory><cpus num='2'>
<cpu id='2' socket_id='1' die_id='0' core_id='0' siblings='2'/><cpu id='3'/></cpus></cell></cells></topology></host></capabilities>`

const describeHost = (xml: string, isolated = '') => ({
  capabilities: xml,
  cpuCount: 4,
  memoryKiB: 2_097_152,
  online: new Uint32Array(0),
  isolated,
})

function expectSense({ pcpus, online, isolated, cells, cpuCount }: Topology): void {
  const whole = (value: number) => Number.isSafeInteger(value) && value >= 0
  expect(pcpus.map(({ id }) => id)).toEqual([...online])
  expect(isolated!.isSubsetOf(online)).toBe(true)
  expect(cpuCount).toBeGreaterThan(pcpus.at(-1)?.id ?? -1)
  for (const { cell, socket, die, core, cache } of pcpus) {
    for (const value of [cell, socket, die, core, cache]) expect(whole(value)).toBe(true)
  }
  for (const { id, cpus, memory, distances } of cells) {
    expect(whole(id)).toBe(true)
    expect(cpus.isSubsetOf(online)).toBe(true)
    expect(Number.isNaN(memory) || memory >= 0).toBe(true)
    for (const numbers of distances) expect(numbers.every(whole)).toBe(true)
  }
}

describe('the capabilities of a host, whatever they are', () => {
  it('are a topology that makes sense, or ERR_LIBVIRT or ERR_NO_PCPU', () => {
    let read = 0
    fc.assert(
      fc.property(fc.oneof(nearly([capabilities], pieces), anyText), (xml) => {
        const topology = unless(isNoTopology, () => readTopology(describeHost(xml)))
        if (!topology) return
        expectSense(topology)
        read++
      }),
      { numRuns: runs(2_000) },
    )
    expect(read).toBeGreaterThan(0)
  })

  it('are so with any list of isolated CPUs', () => {
    fc.assert(
      fc.property(fc.oneof(nearly(['0-1,3\n'], ['-', ',']), anyText), (isolated) => {
        const topology = unless(isNoTopology, () => readTopology(describeHost(capabilities, isolated)))
        if (topology) expectSense(topology)
      }),
    )
  })

  it.each([
    ["<cpu id='0' core_id='0'/><cpu id='0' core_id='0'/>", 'a pCPU is there twice'],
    ["<cpu id='-1' core_id='0'/>", 'expected a whole number, got "-1"'],
    ["<cpu id='0' core_id='0' siblings='a'/>", 'Cannot read "a" in the CPU list'],
    ["<cpu id='70000' core_id='0'/>", '65535'],
  ])('are refused for %s', (cpus, why) => {
    const xml = `<capabilities><host><topology><cells><cell id='0'><cpus>${cpus}</cpus></cell></cells></topology></host></capabilities>`
    const refusal = { code: 'ERR_LIBVIRT', message: expect.stringContaining(why) }
    expect(() => readTopology(describeHost(xml))).toThrow(expect.objectContaining(refusal))
  })
})

const domain = (metadata = '') => `<domain type='kvm' id='7'><name>a</name><metadata>${metadata}</metadata>
<memory>65536</memory><cpu><numa><cell id='0' memory='65536' unit='KiB'/></numa></cpu>
<memoryBacking><hugepages><page size='2048' unit='KiB' nodeset='0'/></hugepages></memoryBacking><launchSecurity type='sev'/><devices><disk type='file'/><interface type='network'/>
<hostdev mode='subsystem' type='pci'/><memballoon model='virtio'><stats period='5'/></memballoon></devices></domain>`

describe('the XML of a domain, whatever it is', () => {
  it('is traits, or ERR_LIBVIRT', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearly([domain()], [...pieces, '<model/>', '<stats/>', '<memballoon/>']), anyText),
        (xml) => {
          const traits = unless(isUnreadable, () => readTraits(xml))
          if (!traits) return
          const { balloon, statsPeriodSeconds = 1, pinnedMemory } = traits
          expect([undefined, 'virtio', 'xen', 'none']).toContain(balloon)
          expect(Number.isSafeInteger(statsPeriodSeconds) && statsPeriodSeconds > 0).toBe(true)
          expect([undefined, 'huge pages', 'locked', 'passthrough']).toContain(pinnedMemory)
          expect(traits.hugePages ?? 1).toBeGreaterThan(0)
        },
      ),
      { numRuns: runs(2_000) },
    )
  })

  it('says the same whatever its users put into the metadata', () => {
    const traits = readTraits(domain())
    const inside = fc.constantFrom(
      '<metadata/>',
      "<metadata x='>'><b/></metadata>",
      '<a><![CDATA[</metadata><devices/>]]></a>',
      "<a><!-- </metadata><devices><memballoon model='none'/></devices> --></a>",
      "<a x='</metadata>'/>",
      '<a><?x </metadata> ?></a>',
      '<devices/>',
    )
    fc.assert(
      fc.property(fc.array(inside, { maxLength: 4 }), (parts) => {
        expect(readTraits(domain(parts.join('')))).toEqual(traits)
      }),
    )
  })
})
