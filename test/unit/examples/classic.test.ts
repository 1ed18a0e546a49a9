import { describe, expect, it } from 'vitest'
import { classicCpuLines, classicMemoryLines } from '../../../examples/classic-lines.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { MiB } from '../../../lib/util/units.ts'
import { viewOf } from '../report/ticks.ts'

describe('classic CPU lines', () => {
  it('sum the usage of the guests on each pCPU, as the classic monitor prints them', () => {
    const view = viewOf(3, [
      { name: 'aos_vm1', vcpus: [{ on: 0, usage: 0.52 }] },
      { name: 'aos_vm2', vcpus: [{ on: 1, usage: 0.1 }] },
      { name: 'aos_vm8', vcpus: [{ on: 0, usage: 0.51 }] },
    ])
    expect(classicCpuLines(view)).toEqual([
      "0 - usage: 103.0 | mapping ['aos_vm1', 'aos_vm8']",
      "1 - usage: 10.0 | mapping ['aos_vm2']",
      '2 - usage: 0.0 | mapping []',
    ])
  })

  it('place a pinned vCPU where it is pinned, even if it last ran elsewhere', () => {
    const view = viewOf(2, [{ name: 'a', vcpus: [{ on: 0, affinity: CpuSet.of(1), usage: 0.3 }] }])
    expect(classicCpuLines(view)[1]).toBe("1 - usage: 30.0 | mapping ['a']")
  })

  it('never print a number for usage that is not known', () => {
    const view = viewOf(1, [{ name: 'a', vcpus: [{ on: 0 }] }])
    expect(classicCpuLines(view)).toEqual(["0 - usage: nan | mapping ['a']"])
  })

  it('name a guest once on a pCPU that has several of its vCPUs', () => {
    const view = viewOf(1, [
      {
        name: 'a',
        vcpus: [
          { on: 0, usage: 0.5 },
          { on: 0, usage: 0.25 },
        ],
      },
    ])
    expect(classicCpuLines(view)).toEqual(["0 - usage: 75.0 | mapping ['a']"])
  })
})

describe('classic memory lines', () => {
  it('print MiB with all digits there are', () => {
    const view = viewOf(1, [
      { name: 'aos_vm1', memory: { actual: 512 * MiB, unused: 257.21484375 * MiB } },
      { name: 'aos_vm2', memory: { actual: 640.5 * MiB, unused: 100 * MiB } },
    ])
    expect(classicMemoryLines(view)).toEqual([
      'Memory (VM: aos_vm1) Actual [512.0], Unused: [257.21484375]',
      'Memory (VM: aos_vm2) Actual [640.5], Unused: [100.0]',
    ])
  })

  it('print nan for what the guest does not tell', () => {
    const view = viewOf(1, [{ name: 'a', memory: { actual: 512 * MiB, unused: undefined } }])
    expect(classicMemoryLines(view)).toEqual(['Memory (VM: a) Actual [512.0], Unused: [nan]'])
  })
})
