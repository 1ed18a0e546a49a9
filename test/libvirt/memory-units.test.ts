import { afterAll, describe, expect, it } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { KiB } from '../../lib/util/units.ts'
import { Observer } from '../../lib/view/observer.ts'
import { testNode } from './node-xml.ts'

/** What libvirt's test driver makes of a balloon of this size, in KiB as everything that it tells. */
const balloon = 400_000
const told = {
  actual: balloon,
  available: balloon,
  unused: balloon / 2,
  usable: balloon / 2,
  diskCaches: balloon / 8,
  rss: balloon / 2,
}
/** When its guests made their report: for ever the same second. */
const lastUpdate = 627_319_920

const elements = "<devices><memballoon model='virtio'/></devices>"
const node = testNode(4, [{ name: 'a', memoryKiB: 524_288, currentMemoryKiB: balloon, elements }])
afterAll(() => node.remove())

describe('what libvirt tells in KiB and seconds', () => {
  it('is in bytes and milliseconds in the sample', async () => {
    await using host = await connect(node.uri, { memoryDeadline: 60_000 })
    const sample = await host.sampleMemory()
    for (const [column, kib] of Object.entries(told)) {
      expect([...sample[column as keyof typeof told]], column).toEqual([kib * KiB])
    }
    expect([...sample.maximum]).toEqual([524_288 * KiB])
    expect([...sample.lastUpdate]).toEqual([lastUpdate * 1_000])
    for (const column of ['swapIn', 'swapOut', 'majorFaults'] as const) {
      expect([...sample[column]], column).toEqual([0])
    }
  })

  it('is in bytes in the View, and a report from long ago is no ground to act on', async () => {
    await using host = await connect(node.uri, { memoryDeadline: 60_000 })
    const observer = new Observer(host.topology, { hostMemoryReserve: 0, domainOverhead: 0 })
    const memory = await host.sampleMemory()
    const view = observer.observe({ cpu: await host.sampleCpu(), memory, targets: new Map() })
    const bytes = Object.entries(told).map(([name, kib]) => [name, kib * KiB])
    expect(view.domains[0]!.memory).toMatchObject({
      ...Object.fromEntries(bytes),
      maximum: 524_288 * KiB,
      hold: 'stale statistics',
      need: undefined,
    })
    expect(view.domains[0]!.memory.age).toBeGreaterThan(Date.UTC(2020, 0) - lastUpdate * 1_000)
  })
})
