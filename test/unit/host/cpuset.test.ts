import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'

const widths = [1, 8, 9, 64, 65, 1000]
const cpu = fc.integer({ min: 0, max: 1100 })
const cpus = fc.uniqueArray(cpu, { maxLength: 80 })
const sorted = (set: Iterable<number>) => [...set].sort((a, b) => a - b)

describe.each(widths)('a CpuSet on a host of %i pCPUs', (width) => {
  const all = CpuSet.range(0, width - 1)

  it('holds every pCPU and no other', () => {
    expect(all.size).toBe(width)
    expect([...all]).toEqual(Array.from({ length: width }, (_, i) => i))
    expect(all.has(width - 1)).toBe(true)
    expect(all.has(width)).toBe(false)
    expect(all.toString()).toBe(width === 1 ? '0' : `0-${width - 1}`)
  })

  it('holds the last pCPU alone', () => {
    const last = CpuSet.of(width - 1)
    expect([...last]).toEqual([width - 1])
    expect(last.size).toBe(1)
    expect(last.first).toBe(width - 1)
    expect(all.minus(last).size).toBe(width - 1)
    expect(all.minus(last).or(last).equals(all)).toBe(true)
  })

  it('goes to words and back at the width asked for', () => {
    const words = all.toWords(width)
    expect(words).toHaveLength(Math.ceil(width / 32))
    expect(CpuSet.fromWords(words).equals(all)).toBe(true)
  })
})

describe('list notation', () => {
  it.each([
    ['0-3,8,^2', '0-1,3,8'],
    ['^2,0-3', '0-3'],
    ['0-3,^0-3,5', '5'],
    [' 1 , 3-4\n', '1,3-4'],
    ['31-32,63-64', '31-32,63-64'],
    ['5,4,3', '3-5'],
    ['7,7', '7'],
    ['65535', '65535'],
    ['', ''],
    ['\n', ''],
  ])('reads %j as %j', (list, printed) => {
    expect(CpuSet.parse(list).toString()).toBe(printed)
  })

  it.each(['a', '1,', ',', '1-', '-1', '3-1', '1--2', '0x1', '1.5', '65536', '0-65536', '1 2', '^'])(
    'refuses %j and quotes it',
    (list) => {
      expect(() => CpuSet.parse(list)).toThrow(
        expect.objectContaining({
          code: 'ERR_INVALID_ARGUMENT',
          message: expect.stringContaining(JSON.stringify(list)),
        }),
      )
    },
  )

  it('is read back as the set that it was printed from', () => {
    fc.assert(
      fc.property(cpus, (members) => {
        const set = CpuSet.from(members)
        expect([...CpuSet.parse(set.toString())]).toEqual(sorted(members))
        expect(JSON.stringify({ set })).toBe(JSON.stringify({ set: set.toString() }))
      }),
    )
  })

  it('takes out with ^ what stood before it, and only that', () => {
    fc.assert(
      fc.property(cpus, cpus, cpus, (first, out, then) => {
        const list = [...first, ...out.map((member) => `^${member}`), ...then].join(',')
        const expected = new Set(first)
        for (const member of out) expected.delete(member)
        for (const member of then) expected.add(member)
        expect([...CpuSet.parse(list)]).toEqual(sorted(expected))
      }),
    )
  })
})

describe('the algebra agrees with Set', () => {
  it('on and, or, minus, without, subset, equality, size, first, has', () => {
    fc.assert(
      fc.property(cpus, cpus, cpu, (left, right, probe) => {
        const [a, b] = [new Set(left), new Set(right)]
        const [x, y] = [CpuSet.from(left), CpuSet.from(right)]
        expect([...x.and(y)]).toEqual(sorted(left.filter((member) => b.has(member))))
        expect([...x.or(y)]).toEqual(sorted(new Set([...left, ...right])))
        expect([...x.minus(y)]).toEqual(sorted(left.filter((member) => !b.has(member))))
        expect(x.without(...right).equals(x.minus(y))).toBe(true)
        expect(x.isSubsetOf(y)).toBe(left.every((member) => b.has(member)))
        expect(x.equals(y)).toBe(a.size === b.size && left.every((member) => b.has(member)))
        expect(x.size).toBe(a.size)
        expect(x.isEmpty).toBe(a.size === 0)
        expect(x.first).toBe(sorted(a)[0])
        expect(x.has(probe)).toBe(a.has(probe))
      }),
    )
  })

  it('whatever the widths of the two', () => {
    const wide = CpuSet.fromWords(Uint32Array.of(0b101, 0, 0))
    expect(wide.equals(CpuSet.of(0, 2))).toBe(true)
    expect(CpuSet.of(0, 2).equals(wide)).toBe(true)
    expect(CpuSet.fromWords(new Uint32Array(4)).equals(CpuSet.empty)).toBe(true)
    expect(CpuSet.fromWords(new Uint32Array(4)).isEmpty).toBe(true)
  })

  it('and no operation changes its operands', () => {
    const words = Uint32Array.of(0xf0)
    const set = CpuSet.fromWords(words)
    words[0] = 0
    set.toWords(8)[0] = 0
    set.or(CpuSet.of(0))
    set.and(CpuSet.empty)
    set.without(4)
    expect(set.toString()).toBe('4-7')
  })
})

describe('what is no pCPU number', () => {
  it.each([-1, 1.5, Number.NaN, 65_536, 2 ** 32, Number.POSITIVE_INFINITY])('%d is refused', (wrong) => {
    expect(() => CpuSet.of(wrong)).toThrow(TypeError)
    expect(() => CpuSet.range(0, wrong)).toThrow(TypeError)
    expect(() => CpuSet.range(wrong, 3)).toThrow(TypeError)
    expect(() => CpuSet.of(1).without(wrong)).toThrow(TypeError)
  })

  it.each([-1, 1.5, Number.NaN, 65_536, 2 ** 32, 2 ** 32 + 1])('%d is a member of no set', (wrong) => {
    expect(CpuSet.of(0, 1).has(wrong)).toBe(false)
  })

  it('a range from high to low is empty', () => {
    expect(CpuSet.range(3, 2).isEmpty).toBe(true)
  })
})
