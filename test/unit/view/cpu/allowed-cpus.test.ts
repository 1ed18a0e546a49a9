import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { AllowedSets } from '../../../../lib/view/cpu/allowed-cpus.ts'
import { defaultSettings } from '../../../../lib/view/domain-settings.ts'
import { topologyOf } from '../../schedulers/world.ts'

const topology = { ...topologyOf(8), isolated: CpuSet.of(6, 7) }
const list = (cpus: CpuSet) => `${cpus}`

describe('where a vCPU may be placed', () => {
  it('is what is online, less what is isolated and reserved', () => {
    const sets = new AllowedSets(topology, CpuSet.of(0), false)
    expect(list(sets.usable)).toBe('1-5')
    expect(list(sets.of(defaultSettings, CpuSet.range(0, 3)))).toBe('1-5')
    expect(list(sets.of({ ...defaultSettings, cpus: CpuSet.of(0, 2, 7) }, undefined))).toBe('2')
  })

  it('is where it could run at first, when pins are respected', () => {
    const sets = new AllowedSets(topology, CpuSet.empty, true)
    expect(list(sets.of(defaultSettings, CpuSet.range(2, 7)))).toBe('2-5')
    expect(list(sets.of(defaultSettings, undefined))).toBe('0-5')
  })

  it('is nowhere for one that was given isolated pCPUs, and for one that is not managed', () => {
    const sets = new AllowedSets(topology, CpuSet.empty, false)
    expect(list(sets.of(defaultSettings, CpuSet.of(7)))).toBe('')
    expect(list(sets.of(defaultSettings, CpuSet.of(5, 7)))).toBe('0-5')
    expect(list(sets.of({ ...defaultSettings, managed: false }, undefined))).toBe('')
  })

  it('is the same object for the same limits', () => {
    const sets = new AllowedSets(topology, CpuSet.empty, true)
    const [settings, first] = [{ ...defaultSettings, cpus: CpuSet.of(1, 2) }, CpuSet.of(2, 3)]
    expect(sets.of(settings, first)).toBe(sets.of(settings, first))
  })
})
