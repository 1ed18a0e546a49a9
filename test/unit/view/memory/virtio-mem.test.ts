import { describe, expect, it } from 'vitest'
import type { DomainTraits, VirtioMem } from '../../../../lib/host/domain-traits.ts'
import { MemoryStatus } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { kept, Watched } from './guest.ts'

const overhead = 64 * MiB

/** A guest with a balloon of 512 MiB and a device of 1 GiB. */
function watched(present: Partial<VirtioMem> = {}, balloon: DomainTraits['balloon'] = 'virtio') {
  const virtioMem = { size: 1_024 * MiB, requested: 512 * MiB, current: 512 * MiB, ...present }
  const traits = () => ({ balloon, statsPeriodSeconds: 1, pinnedMemory: undefined, virtioMem })
  return new Watched({ traits, domainOverhead: overhead })
}

/** What libvirt tells of it, in MiB: the balloon's size, the guest's own total, and the maximum with the whole device. */
const told = {
  actual: 512,
  memory: { maximum: 1_536, available: 1_024 - kept, usable: 600, unused: 500, rss: 700 },
}

describe('a guest with a virtio-mem device', () => {
  it('has its balloon and what is plugged, and can have the whole balloon and as much plugged', () => {
    const guest = watched()
    guest.see(told)
    const { domains, memory } = guest.look(told)
    expect(domains[0]!.memory).toMatchObject({
      hold: undefined,
      actual: 1_024 * MiB,
      maximum: 1_024 * MiB,
      need: { inUse: 424 * MiB },
    })
    expect(memory.committed).toBe(1_024 * MiB + overhead)
  })

  it('counts for what its owner wants plugged before it is', () => {
    const view = watched({ current: 256 * MiB }).look({
      actual: 512,
      memory: { ...told.memory, available: 768 - kept, usable: 400, unused: 300 },
    })
    expect(view.domains[0]!.memory.actual).toBe(768 * MiB)
    expect(view.memory.committed).toBe(1_024 * MiB + overhead)
  })

  it('is on its way to the size that its balloon was asked for', () => {
    const guest = watched()
    guest.see(told)
    expect(guest.see({ ...told, target: 300 }).target).toBe(812 * MiB)
  })

  it.each([
    ['does not answer', watched(), { status: MemoryStatus.stuck }],
    ['has no balloon', watched({}, 'none'), {}],
  ])('has what libvirt knows of it, which is all, when it %s', (_, guest, more) => {
    expect(guest.see({ ...told, actual: 1_024, ...more })).toMatchObject({
      actual: 1_024 * MiB,
      maximum: 1_024 * MiB,
    })
  })
})
