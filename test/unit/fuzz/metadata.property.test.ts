import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMetadata } from '../../../lib/control/domain/metadata.ts'
import type { ParsedRules } from '../../../lib/control/domain/rules.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { metadataNamespace } from '../../../lib/host/domain-metadata.ts'
import { MiB } from '../../../lib/util/units.ts'
import { runs } from '../../support/runs.ts'
import { anyText, nearly } from './arbitraries.ts'

const seeds = [
  "<settings managed='no'/>",
  `<ballast:settings xmlns:ballast='${metadataNamespace}' managed="yes" cpus="0-3,^2" shares="2000"/>`,
  "<settings memoryFloorMiB='512' memoryCeilingMiB='2048' memoryShares='2000'></settings>",
]
const pieces = [
  '<',
  '>',
  '/',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '&lt;',
  '&#0;',
  "='",
  '__proto__',
  'xmlns:',
  '<?',
  '-1',
]

const known = fc.constantFrom(
  'managed',
  'cpus',
  'shares',
  'memoryFloorMiB',
  'memoryCeilingMiB',
  'memoryShares',
)
const value = fc.oneof(
  fc.constantFrom('yes', 'no', '0-3', '-1', '1e3', 'NaN', '٣'),
  fc.integer().map(String),
  anyText,
)
const attributes = fc
  .dictionary(known, value, { maxKeys: 4 })
  .map((given) => Object.entries(given).map(([name, text]) => ` ${name}="${text.replace(/[<&"]/g, '')}"`))
  .map((written) => `<settings${written.join('')}/>`)

function isWhole(value: number | undefined, most: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most)
}

describe('the metadata of a domain, whatever it is', () => {
  it('is settings within their bounds, or a problem in words', () => {
    fc.assert(
      fc.property(fc.oneof(nearly(seeds, pieces), attributes, anyText), (xml) => {
        const read = readMetadata(xml)
        if ('problem' in read) {
          expect(read.problem).not.toBe('')
          return
        }
        expect([undefined, true, false]).toContain(read.managed)
        expect(read.cpus?.isEmpty ?? false).toBe(false)
        expect(isWhole(read.shares, 262_144)).toBe(true)
        expect(isWhole(read.memoryShares, 1_000_000)).toBe(true)
        expect(isWhole(read.memoryFloor, Number.MAX_SAFE_INTEGER)).toBe(true)
        expect(isWhole(read.memoryCeiling, Number.MAX_SAFE_INTEGER)).toBe(true)
        expect(read.memoryFloor ?? 0).toBeLessThanOrEqual(read.memoryCeiling ?? Number.POSITIVE_INFINITY)
      }),
      { numRuns: runs(3_000) },
    )
  })

  it('is what was written', () => {
    const cpus = fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 20 }).map((list) => CpuSet.from(list))
    const settings: fc.Arbitrary<ParsedRules> = fc.record(
      {
        managed: fc.boolean(),
        cpus,
        shares: fc.integer({ min: 1, max: 262_144 }),
        memoryFloor: fc.integer({ min: 1, max: 1_000 }).map((size) => size * MiB),
        memoryCeiling: fc.integer({ min: 1_000, max: 9_999_999 }).map((size) => size * MiB),
        memoryShares: fc.integer({ min: 1, max: 1_000_000 }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(settings, (given) => {
        expect(readMetadata(written(given))).toEqual(given)
      }),
    )
  })
})

function written({ managed, cpus, shares, memoryFloor, memoryCeiling, memoryShares }: ParsedRules): string {
  const texts = {
    managed: managed === undefined ? undefined : managed ? 'yes' : 'no',
    cpus,
    shares,
    memoryFloorMiB: memoryFloor && memoryFloor / MiB,
    memoryCeilingMiB: memoryCeiling && memoryCeiling / MiB,
    memoryShares,
  }
  const attributes = Object.entries(texts).flatMap(([name, text]) =>
    text === undefined ? [] : `${name}='${text}'`,
  )
  return `<settings ${attributes.join(' ')}/>`
}
