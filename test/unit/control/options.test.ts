import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import { readOptions } from '../../../lib/control/options.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { globMatcher } from '../../../lib/util/glob.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { FakeHost } from './fake-host.ts'

const wrong: [name: string, value: unknown][] = [
  ...[0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 'abc', '1000', undefined, null].map(
    (value): [string, unknown] => ['interval', value],
  ),
  ['scheduler', 'balance'],
  ['scheduler', {}],
  ['scheduler', { decide: () => [] }],
  ['scheduler', null],
  ['ballooning', 7],
  ['dryRun', 1],
  ['ticks', 0],
  ['ticks', 1.5],
  ['ticks', '3'],
  ['signal', {}],
  ['domains', ''],
  ['domains', /vm/],
  ['respectPins', 'yes'],
  ['hostCpus', 0],
  ['hostCpus', '0-'],
  ['hostCpus', '4'],
  ['hostCpus', CpuSet.range(0, 3)],
  ['domainRules', 'web*'],
  ['domainRules', [{ cpus: '0' }]],
  ['hostMemoryReserve', -1],
  ['hostMemoryReserve', '2G'],
  ['hostMemoryReserve', 16 * GiB],
  ['guestFloor', Number.NaN],
  ['guestMargin', -1],
  ['journal', '/tmp/journal'],
  ['journal', { record: () => {} }],
]

const hostOf = (memory: number) => ({ memory, online: CpuSet.range(0, 3), cpuCount: 4 })

describe('options', () => {
  it.each(wrong)('%s: %s is a TypeError that names it', (name, value) => {
    const host = new FakeHost([])
    const options = { interval: 1_000, [name]: value } as unknown as AutopilotOptions
    const call = () => autopilot(host, options)
    expect(call).toThrow(TypeError)
    expect(call).toThrow(`\`${name}\``)
    expect(host.looks).toEqual([])
  })

  it.each([
    ['web*', 7, 'an object'],
    [
      'web*',
      { cpu: '0' },
      '`domainRules["web*"].cpu` to be one of managed, cpus, shares, memoryFloor, memoryCeiling, memoryShares',
    ],
    ['web*', { managed: 'no' }, '.managed` to be true or false'],
    ['web*', { cpus: 3 }, '.cpus` to be a CpuSet, or a list'],
    ['web*', { cpus: '0-x' }, '.cpus` to be a CpuSet, or a list'],
    ['web*', { cpus: '' }, '.cpus` to be among the pCPUs that may be used, 1-3'],
    ['web*', { cpus: '0,8' }, '.cpus` to be among the pCPUs that may be used, 1-3'],
    ['web*', { shares: 0 }, '.shares` to be a whole number from 1'],
    ['web*', { shares: Number.NaN }, '.shares` to be'],
    ['web*', { managed: false, shares: 5 }, '.shares` to be left out of what is not managed'],
    ['web*', { memoryFloor: '512MiB' }, '.memoryFloor` to be a number of bytes above 0, got "512MiB"'],
    ['web*', { memoryCeiling: 0 }, '.memoryCeiling` to be a number of bytes above 0'],
    ['web*', { memoryFloor: 2, memoryCeiling: 1 }, '.memoryFloor` to be at most its memoryCeiling, 1 bytes'],
    ['web*', { memoryShares: 1.5 }, '.memoryShares` to be a whole number from 1 to 1000000'],
    ['web*', { managed: false, memoryFloor: 5 }, '.memoryFloor` to be left out of what is not managed'],
    ['', {}, 'globs'],
  ])('domainRules %j: %j is a TypeError that says why', (glob, rules, message) => {
    const options = { interval: 1_000, hostCpus: '0', domainRules: { [glob]: rules } }
    const call = () => autopilot(new FakeHost([]), options as never)
    expect(call).toThrow(TypeError)
    expect(call).toThrow(message)
  })

  it('have a later glob override an earlier one, field by field', () => {
    const domainRules = {
      '*': { cpus: '0-1', shares: 100 },
      'web*': { cpus: CpuSet.of(3) },
      db: { managed: false },
    }
    const { rulesOf } = readOptions({ interval: 1, domainRules: domainRules }, hostOf(GiB))
    expect(rulesOf('web-1')).toEqual({ cpus: CpuSet.of(3), shares: 100 })
    expect(rulesOf('db')).toEqual({ cpus: CpuSet.of(0, 1), shares: 100, managed: false })
    expect(readOptions({ interval: 1 }, hostOf(GiB)).rulesOf('any')).toEqual({})
  })

  it('names an option that there is none of', () => {
    const options = { interval: 1_000, intervall: 5 } as unknown as AutopilotOptions
    expect(() => autopilot(new FakeHost([]), options)).toThrow(/`intervall`.*interval, scheduler/)
    expect(() => autopilot(new FakeHost([]), { interval: 1, toString: 1 } as never)).toThrow('`toString`')
    expect(() => autopilot(new FakeHost([]), undefined as never)).toThrow('`options`')
  })

  it('has defaults, and takes undefined for not given', () => {
    const small = readOptions(
      { interval: 1, hostMemoryReserve: undefined, ticks: undefined },
      hostOf(4 * GiB),
    )
    expect(small).toMatchObject({
      hostMemoryReserve: 512 * MiB,
      guestFloor: 200 * MiB,
      guestMargin: 100 * MiB,
    })
    expect(readOptions({ interval: 1 }, hostOf(100 * GiB)).hostMemoryReserve).toBe(5 * GiB)
    expect(small.manages('anything')).toBe(true)
    expect(readOptions({ interval: 1, hostMemoryReserve: 0 }, hostOf(GiB)).hostMemoryReserve).toBe(0)
  })
})

describe('glob', () => {
  it.each([
    ['*', 'anything at all\n', true],
    ['web*', 'web', true],
    ['web*', 'my-web', false],
    ['web-?', 'web-1', true],
    ['web-?', 'web-12', false],
    ['?', '😀', true],
    ['a.c', 'abc', false],
    ['a.c', 'a.c', true],
    ['a**c', 'abbc', true],
    ['[a]+(b)|{c}^$\\', '[a]+(b)|{c}^$\\', true],
    ['vm/1-x', 'vm/1-x', true],
  ])('%s against %s: %s', (glob, name, expected) => {
    expect(globMatcher(glob)(name)).toBe(expected)
  })
})
