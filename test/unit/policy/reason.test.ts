import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { asReason, isReason, sentenceOf } from '../../../lib/policy/reason.ts'
import { reasonFigures, reasonRecord } from '../../../lib/report/reason-record.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { kinds, sampleOf, unitsOf } from './samples.ts'

describe.each(kinds)('the reason %s', (kind, figures) => {
  const reason = sampleOf(kind, figures)

  it('has a sentence that says all of it', () => {
    const sentence = sentenceOf(reason)
    expect(sentence).not.toBe('')
    expect(sentence).not.toMatch(/undefined|NaN|\[object|Infinity|someone else|somebody|left alone|at rest/)
  })

  it('says every figure: another value is another sentence', () => {
    for (const name of Object.keys(figures)) {
      expect(sentenceOf(sampleOf(kind, figures, name)), name).not.toBe(sentenceOf(reason))
    }
  })

  it('says no number that is not a figure', () => {
    const numbers = unitsOf(figures).flatMap(([name]) => {
      const value = reasonFigures(reason)[name]
      return typeof value === 'number' ? value : typeof value === 'string' ? digits(value) : []
    })
    const forms = new Set(numbers.flatMap((value) => formsOf(value)))
    // What is so whatever the figures are is no number of theirs.
    const fixed = new Set(digits(sentenceOf(reason)).filter((one) => isFixed(one)))
    for (const one of digits(sentenceOf(reason))) {
      if (!fixed.has(one)) expect(forms, `${one} in: ${sentenceOf(reason)}`).toContain(one)
    }
    function isFixed(number: number): boolean {
      return Object.keys(figures).every((name) => {
        return digits(sentenceOf(sampleOf(kind, figures, name))).includes(number)
      })
    }
  })

  it('is in a record with its kind, its figures and its sentence, and comes back from JSON', () => {
    const record = reasonRecord(reason)
    expect(record).toMatchObject({ kind, text: sentenceOf(reason) })
    expect(Object.keys(record).sort()).toEqual([...new Set([...Object.keys(figures), 'kind', 'text'])].sort())
    expect(JSON.parse(JSON.stringify(record))).toEqual(record)
  })
})

describe('reasons', () => {
  it('have names of their own, in kebab-case', () => {
    const names = kinds.map(([kind]) => kind)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  it('are text, from policies that have no more to say', () => {
    const reason = asReason('pCPU 0 is the host’s')
    expect(reason).toEqual({ kind: 'custom', text: 'pCPU 0 is the host’s' })
    expect(sentenceOf(reason)).toBe('pCPU 0 is the host’s')
  })

  it('are told from what is none', () => {
    expect(isReason({ kind: 'round-robin', to: 1 })).toBe(true)
    for (const none of [undefined, null, 'text', 3, {}, { kind: 'whim' }, { kind: 'toString' }]) {
      expect(isReason(none)).toBe(false)
    }
  })

  it('leave out of a record what is not known and what is no finite number', () => {
    const load = { demand: Number.NaN, from: undefined, to: 3, load: 0.5, fill: 0.8 }
    expect(reasonFigures({ kind: 'pack-move', ...load })).toEqual({ to: 3, load: 0.5, fill: 0.8 })
  })

  it('have sets of pCPUs as lists in a record', () => {
    const figures = { demand: 1, toBefore: 0, toAfter: 1, deviation: 0.1, mean: 0.5 }
    const record = reasonRecord({ kind: 'balance-stay', ...figures, to: CpuSet.range(0, 3) })
    expect(record).toMatchObject({ to: '0-3', text: expect.stringContaining('stays on pCPUs 0-3') })
  })
})

function digits(text: string): number[] {
  return (text.match(/\d+(\.\d+)?/g) ?? []).map(Number)
}

/** A figure as it may be written: as it is, in percent, MiB or seconds, with the digits that sentences have. */
function formsOf(value: number): number[] {
  const scaled = [value, 100 * value, value / MiB, value / GiB, value / 1_000]
  return scaled.flatMap((one) => [one, ...[0, 1, 3].map((places) => Number(one.toFixed(places)))])
}
