import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../lib/cli/exit-codes.ts'
import { parseCpus, parseSeconds, parseSize, parseText, parseTicks } from '../../../lib/cli/values.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { globMatcher } from '../../../lib/util/glob.ts'
import { runs } from '../../support/runs.ts'
import { anyText, nearly, unless } from './arbitraries.ts'

const isUsage = (error: unknown) => error instanceof UsageError
const isInvalid = (error: unknown) => error instanceof BallastError && error.code === 'ERR_INVALID_ARGUMENT'

const list = nearly(
  ['0-3,8,^2', '0', '65535', '1,3-4\n'],
  ['-', ',', '^', '-1', '1e3', '٣', '+1', '0-65535,'],
)
const number = nearly(['2', '0.5', '86400', '512MiB', '1.5g'], ['-', '.', 'e9', 'Infinity', 'NaN', '0x', '+'])

describe('a CPU list, whatever it is', () => {
  it('is a set of pCPU numbers, which reads back as itself, or is refused', () => {
    fc.assert(
      fc.property(fc.oneof(list, anyText), (text) => {
        const set = unless(isInvalid, () => CpuSet.parse(text))
        if (!set) return
        // One expectation: a set may have 65,536.
        const wrong = [...set].filter((cpu) => !(Number.isInteger(cpu) && cpu >= 0 && cpu <= 65_535))
        expect(wrong).toEqual([])
        expect(set.size).toBe([...set].length)
        expect(CpuSet.parse(set.toString()).equals(set)).toBe(true)
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('is one on the command line only when it names some', () => {
    fc.assert(
      fc.property(list, (text) => {
        const set = unless(isUsage, () => parseCpus('--host-cpus')(text))
        expect(set?.isEmpty ?? false).toBe(false)
      }),
    )
  })
})

describe('a value of the command line, whatever it is', () => {
  it('is a number in its bounds, or a usage error', () => {
    fc.assert(
      fc.property(fc.oneof(number, anyText), (text) => {
        const interval = unless(isUsage, () => parseSeconds(text)) ?? 100
        expect(interval >= 100 && interval <= 86_400_000).toBe(true)
        const ticks = unless(isUsage, () => parseTicks(text)) ?? 1
        expect(Number.isSafeInteger(ticks) && ticks >= 1).toBe(true)
        const bytes = unless(isUsage, () => parseSize('--reserve')(text)) ?? 0
        expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true)
        expect(unless(isUsage, () => parseText('--domains')(text))?.trim()).not.toBe('')
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('is no size that cannot be told from its neighbours', () => {
    expect(() => parseSize('--reserve')('8589935512MiB')).toThrow('below 8192TiB')
  })

  it('is what was meant', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (value) => {
        expect(parseTicks(String(value))).toBe(value)
        expect(parseSize('--reserve')(`${value}MiB`)).toBe(value * 2 ** 20)
        expect(parseSeconds(String(value / 1_000 + 1))).toBeCloseTo(value + 1_000, 3)
      }),
    )
  })
})

describe('a glob, whatever it is', () => {
  const sign = fc.constantFrom('a', 'b', '*', '?', '.', '\\', '[', '😀', '\n', '\ud800')
  const short = fc.array(sign, { maxLength: 7 }).map((signs) => signs.join(''))

  /** The plain and slow way. */
  function matches([first, ...glob]: string[], name: string[]): boolean {
    if (first === undefined) return name.length === 0
    if (first === '*')
      return matches(glob, name) || (name.length > 0 && matches([first, ...glob], name.slice(1)))
    return name.length > 0 && (first === '?' || first === name[0]) && matches(glob, name.slice(1))
  }

  it('matches what it says', () => {
    fc.assert(
      fc.property(short, short, (glob, name) => {
        expect(globMatcher(glob)(name)).toBe(matches([...glob], [...name]))
        expect(globMatcher(`*${glob}*`)(`x${name}`)).toBe(matches([...`*${glob}*`], [...`x${name}`]))
      }),
      { numRuns: runs(2_000) },
    )
  })

  it('does not take long over a name that nearly matches', () => {
    expect(globMatcher(`${'*a'.repeat(30)}b`)('a'.repeat(2_000))).toBe(false)
  })
})
