import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { cutToWidth, displayWidth, fitEnd, graphemesOf, isPlain } from '../../../lib/util/display-width.ts'
import { printable } from '../../../lib/util/printable.ts'
import { runs } from '../../support/runs.ts'

describe('a text in a terminal', () => {
  it.each([
    ['', 0],
    ['web1', 4],
    ['äöü', 3],
    ['数据库', 6],
    ['👩‍👩‍👧 x', 4],
    ['e\u0301e', 2],
    ['█▒·', 3],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  it.each([
    ['web1', 4, 'web1'],
    ['web12', 4, 'web…'],
    ['数据库', 6, '数据库'],
    ['数据库', 5, '数据…'],
    ['数据库', 4, '数…'],
    ['数据库', 1, '…'],
    ['数据库', 0, ''],
  ])('%j in %i columns is %j', (text, width, cut) => {
    expect(cutToWidth(text, width)).toBe(cut)
  })

  it('has its columns, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, width) => {
        const shown = printable(text)
        expect(displayWidth(cutToWidth(shown, width))).toBeLessThanOrEqual(width)
        expect(displayWidth(fitEnd(shown, width))).toBe(width)
        const pieces = [...graphemesOf(shown)]
        expect(pieces.reduce((sum, piece) => sum + piece.width, 0)).toBe(displayWidth(shown))
      }),
      { numRuns: runs(300) },
    )
  })

  it('is as wide when it is told apart quickly', () => {
    const units = Array.from({ length: 0x2600 }, (_, code) => String.fromCharCode(code))
    const plain = units.filter(isPlain)
    expect(plain.length).toBeGreaterThan(500)
    expect(plain.filter((unit) => stringWidth(unit) !== 1)).toEqual([])
  })

  it('has no piles of marks', () => {
    const [only] = graphemesOf(`a${'\u0301'.repeat(4_000)}`)
    expect(only).toEqual({ text: 'a', width: 1 })
  })
})
