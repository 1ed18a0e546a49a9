import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../lib/cli/exit-codes.ts'
import { defaultJournalPath } from '../../../lib/cli/journal-path.ts'
import { parseSeconds, parseSize, parseTicks } from '../../../lib/cli/values.ts'
import { GiB, KiB, MiB } from '../../../lib/util/units.ts'

const size = parseSize('--host-memory-reserve')

describe('an interval', () => {
  it.each([
    ['2', 2000],
    ['0.5', 500],
    ['.5', 500],
    ['86400', 86_400_000],
  ])('%s is %i ms', (text, milliseconds) => expect(parseSeconds(text)).toBe(milliseconds))

  it.each(['0', 'abc', '', ' ', '-1', '2s', '1e3', 'Infinity', 'NaN', '0x2', '0.01', '86401', '1.2.3'])(
    '%j is refused with what is expected and what came',
    (text) => {
      expect(() => parseSeconds(text)).toThrow(UsageError)
      expect(() => parseSeconds(text)).toThrow(`such as 2; got ${JSON.stringify(text)}`)
    },
  )
})

describe('a number of ticks', () => {
  it('is a whole number above 0', () => {
    expect(parseTicks('10')).toBe(10)
    for (const text of ['0', '-1', '1.5', 'x', '', '99999999999']) {
      expect(() => parseTicks(text)).toThrow(UsageError)
    }
  })
})

describe('a size', () => {
  it.each([
    ['2GiB', 2 * GiB],
    ['512MiB', 512 * MiB],
    ['512 MiB', 512 * MiB],
    ['1.5g', 1.5 * GiB],
    ['100k', 100 * KiB],
    ['2GB', 2e9],
    ['500mb', 5e8],
    ['1T', 1024 * GiB],
  ])('%s is %i bytes', (text, bytes) => expect(size(text)).toBe(bytes))

  it.each(['2', '', 'GiB', '-1GiB', '2XiB', '1e3MiB', '2 Gi B', 'abc'])('%j is refused', (text) => {
    expect(() => size(text)).toThrow(UsageError)
    expect(() => size(text)).toThrow(
      '--host-memory-reserve must be a size with its unit, such as 512MiB or 2GiB',
    )
  })

  it('is a whole number of bytes, whatever the fraction', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1000, noNaN: true }), (number) =>
        Number.isInteger(size(`${number.toFixed(3)}GiB`)),
      ),
    )
  })
})

describe('the journal of a host', () => {
  it('is where the state of programs belongs', () => {
    const uri = 'qemu:///system'
    expect(defaultJournalPath(uri, { XDG_STATE_HOME: '/state' }, 1000)).toMatch(
      /^\/state\/ballast\/qemu-system-[0-9a-f]{12}\.jsonl$/,
    )
    expect(defaultJournalPath(uri, {}, 0)).toMatch(/^\/var\/lib\/ballast\//)
    expect(defaultJournalPath(uri, {}, 1000)).toMatch(/\/\.local\/state\/ballast\//)
  })

  it('is another for each URI, and its name stays inside the directory', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const paths = [one, other].map((uri) => defaultJournalPath(uri, { XDG_STATE_HOME: '/state' }))
        for (const path of paths) expect(path).toMatch(/^\/state\/ballast\/[\w-]+\.jsonl$/)
        expect(paths[0] === paths[1]).toBe(one === other)
      }),
    )
  })
})
