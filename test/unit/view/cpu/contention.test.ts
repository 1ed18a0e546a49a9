import { describe, expect, it } from 'vitest'
import { Contention, lately } from '../../../../lib/view/cpu/contention.ts'
import { cpuSample, type Row } from '../samples.ts'

/** A vCPU of a domain of its own: [domain, pCPU, usage]. */
type Place = readonly [uuid: string, pcpu: number, usage: number, id?: number]

function seen(...samples: readonly (readonly Place[])[]): Contention {
  const contention = new Contention(4)
  for (const places of samples) {
    const rows = places.map(([uuid, pcpu, usage, id = 1]): Row => {
      return { uuid, id, vcpus: [{ usage, pcpu, affinity: `${pcpu}` }] }
    })
    contention.next({ cpu: cpuSample(0, rows), places: Int32Array.from(places, ([, pcpu]) => pcpu) })
  }
  return contention
}

const before: readonly Place[] = [
  ['a', 0, 0.25],
  ['b', 0, 0.25],
  ['c', 0, 0.25],
  ['d', 0, 0.25],
]
const beginning = Array<typeof before>(lately).fill(before)

describe('Contention', () => {
  it('tells of what others did on the same pCPU, and not of what a vCPU did itself', () => {
    const contention = seen(...beginning, [
      ['a', 0, 0.9],
      ['b', 1, 0.5],
      ['c', 0, 0.28],
      ['d', 0, 0.1],
    ])
    expect([0, 2, 3].map((row) => contention.rose(0, row))).toEqual([false, true, true])
    expect([0, 2, 3].map((row) => contention.fell(0, row))).toEqual([true, true, true])
    expect([contention.rose(1, 0), contention.rose(1, 1), contention.fell(1, 0)]).toEqual([
      true,
      false,
      false,
    ])
  })

  it.each<[string, Place[]]>([
    ['gone', before.slice(0, 3)],
    ['gone, and others are named before them', [['e', 3, 0], ...before.slice(0, 3)]],
    ['another run of their domain', [...before.slice(0, 3), ['d', 2, 0.25, 2]]],
    ['elsewhere', [...before.slice(0, 3), ['d', 2, 0.25]]],
  ])('tells of those who are %s, for as long as that is of late', (_, after) => {
    const fell = Array.from({ length: lately + 1 }, (_, more) => {
      return seen(...beginning, ...Array<typeof after>(more + 1).fill(after)).fell(0, 0)
    })
    expect(fell).toEqual([true, true, true, false])
  })

  it('has nothing to tell of a host where all is as it was', () => {
    const contention = seen(...beginning, before, before)
    for (const row of [0, 1, 2, 3]) {
      expect([contention.rose(0, row), contention.fell(0, row)]).toEqual([false, false])
    }
  })
})
