import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { parseConfig, readConfig } from '../../../../lib/cli/config/config.ts'
import { ConfigError } from '../../../../lib/cli/exit-codes.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { runs } from '../../../support/runs.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-config-'))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0

function write(text: string | Buffer): string {
  const path = join(directory, `${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

/** What is wrong in `text`, without the name of the file. */
function problemsOf(text: string): string[] {
  try {
    parseConfig('f', text)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.replace(/^f:/, ''))
    throw error
  }
  return []
}

describe('a configuration', () => {
  it('has the options of ballast run, under their names', () => {
    const { options, interval, policies, domainRules } = parseConfig(
      'f',
      `
connect: qemu:///session
interval: 5
match: web*
scheduler: { policy: balance, tolerance: 0.1, max-moves: 4, cooldown: 30s, pin: set, cost: { core: 0.01 } }
ballooning: watermark
ksm: { policy: adaptive, short-below: 0.3 }
host-memory-reserve: 2GiB
host-cpus: 0
respect-pins: true
journal: /var/lib/x.jsonl
metrics: [9177, 'unix:/run/ballast/metrics.sock']
dry-run: false
log: json
log-level: warn
domain-rules:
  'db*': { cpus: 1-3, shares: 4096, memory-floor: 1GiB }
  __proto__: { managed: false }
`,
    )
    expect(options).toEqual({
      connect: 'qemu:///session',
      match: 'web*',
      hostMemoryReserve: 2 * GiB,
      hostCpus: CpuSet.of(0),
      respectPins: true,
      journal: '/var/lib/x.jsonl',
      metrics: [
        { kind: 'tcp', host: '127.0.0.1', port: 9177 },
        { kind: 'unix', path: '/run/ballast/metrics.sock' },
      ],
      dryRun: false,
      log: 'json',
      logLevel: 'warn',
    })
    expect(interval).toBe(5_000)
    expect(policies).toMatchObject({
      scheduler: { name: 'balance' },
      ballooning: { name: 'watermark' },
      ksm: { name: 'adaptive' },
    })
    expect(Object.entries(domainRules)).toEqual([
      ['db*', { cpus: CpuSet.parse('1-3'), shares: 4096, memoryFloor: GiB }],
      ['__proto__', { managed: false }],
    ])
  })

  it.each(['', '# nothing\n', '{}', '---\n'])('that says nothing (%j) is that of ballast run', (text) => {
    const { options, policies } = parseConfig('f', text)
    expect([options, policies]).toEqual([{}, {}])
  })

  it('may leave one of the two out', () => {
    expect(parseConfig('f', 'scheduler: none')).toMatchObject({
      policies: { scheduler: 'none', ballooning: undefined },
    })
  })
})

describe('a mistake in it', () => {
  it.each([
    ['conect: x', /^1:1: unknown option conect; did you mean connect\?$/],
    ['schedular: balance', /^1:1: unknown option schedular; did you mean scheduler\?$/],
    ['frobnicate: 1', /^1:1: unknown option frobnicate: it must be one of interval, scheduler, ballooning, /],
    ['match: [web*, 3]', /^1:8: match must be text; got a YAML list$/],
    ['match: true', /^1:8: match must be text; got true$/],
    ['match: ""', /^1:8: match must not be empty; got ""$/],
    ['match:', /^1:1: match must not be empty; got nothing$/],
    ['a: 1\ninterval: 0', /^2:11: the interval must be a number of seconds .*; got "0"$/],
    ['interval: [2]', /^1:11: the interval must be .*; got a YAML list$/],
    ['host-memory-reserve: 2', /^1:22: host-memory-reserve must be a size with its unit, .*; got "2"$/],
    ['host-memory-reserve:', /^1:1: host-memory-reserve must be a size with its unit, .*; got nothing$/],
    ['host-cpus: 1-x', /^1:12: host-cpus must be a list of pCPUs, .*; got "1-x"$/],
    ['respect-pins: yes', /^1:15: respect-pins must be true or false; got "yes"$/],
    ['connect: [a]', /^1:10: connect must be text; got a YAML list$/],
    ['journal: here', /^1:10: journal must be a path that begins with \/; got "here"$/],
    ['metrics: localhost', /^1:10: metrics must be a port such as 9177, .*; got "localhost"$/],
    ['metrics: [1, unix:x]', /^1:14: metrics must be a path that begins with \/; got "x"$/],
    ['metrics: []', /^1:10: metrics must be a list with something in it; got an empty list$/],
    ['log: xml', /^1:6: log must be one of text, json; got "xml"$/],
    ['scheduler: ballance', /^1:12: scheduler must be .*; got "ballance"; did you mean balance\?$/],
    ['scheduler: shares', /^1:12: scheduler must be one of none, balance, .*; got "shares"$/],
    ['scheduler:\n  policy: x', /^2:11: scheduler.policy must be one of balance, /],
    ['scheduler:\n  tolerance: 7', /^2:14: scheduler.tolerance must be a fraction above 0, up to 1; got 7$/],
    ['scheduler: {policy: pack, tolerance: 0.1}', /^1:27: unknown option scheduler.tolerance: .*fill/],
    ['scheduler: {cooldown: 30}', /^1:23: scheduler.cooldown must be a time with its unit, .*; got "30"$/],
    ['scheduler: {cost: {core: 5}}', /^1:26: scheduler.cost.core must be a fraction from 0 to 1; got 5$/],
    ['ballooning: {policy: watermark, low: 190MiB}', /^1:13: ballooning.high must be .* above `low`$/],
    ['domain-rules:\n  a: {cpus: z}', /^2:13: domain-rules.a.cpus must be a list of pCPUs/],
    ['domain-rules: {a: {shares: 0}}', /^1:28: domain-rules.a.shares must be a whole number .*; got 0$/],
    ['domain-rules: {a: 5}', /^1:19: domain-rules.a must be options.*; got 5$/],
    ['host-cpus: 0\ndomain-rules: {a: {cpus: 0}}', /^2:26: domain-rules.a.cpus must be among/],
    ['scheduler: none\nballooning: none', /^2:13: ballooning must not be none too/],
    ['scheduler: none\nrespect-pins: true', /^2:15: respect-pins must not be there while scheduler is none/],
    ['host-cpus: 0\nhost-cpus: 1', /^2:1: host-cpus must not be there twice$/],
    ['- a', /^1:1: the file must be options, .*; got a YAML list$/],
    ['interval: !secret 5', /^1:11: /],
    ['a: [1', /^1:6: /],
    ['match: *web', /^1:8: /],
    ['scheduler: oneMove', /one of none, .*, one-move, round-robin; got "oneMove"; did you mean one-move\?$/],
    ['scheduler: {maxMoves: 3}', /^1:13: unknown option scheduler.maxMoves; did you mean max-moves\?$/],
    [
      'ballooning: none\nhost-memory-reserve: 1GiB',
      /^2:22: host-memory-reserve must not be there while ballooning/,
    ],
    [
      'ballooning: {policy: mom, period: 5s}',
      /^1:27: unknown option ballooning.period: it must be one of policy$/,
    ],
  ])('%j names its line and its option', (text, expected) => {
    expect(problemsOf(text).at(-1)).toMatch(expected)
  })

  it('is told together with all the others, in their order', () => {
    const text =
      'x: 1\ninterval: 0\nscheduler: {tolerance: 2, sibling: 9, max-moves: 0, y: 1}\nhost-memory-reserve: 2\nlog: 1\n'
    expect(problemsOf(text).map((problem) => problem.split(': ')[0])).toEqual([
      ...['1:1', '2:11', '3:24', '3:36', '3:50', '3:53'],
      ...['4:22', '5:6'],
    ])
  })

  it('never shows a password that stands beside it, nor what a terminal would act upon', () => {
    const [problem, ...others] = problemsOf('connect: qemu://me:secret@host/system\n"a\\e[2J": 1\n')
    expect(others).toEqual([])
    expect(problem).toContain('2:1: unknown option a\\x1b[2J')
    expect(
      problemsOf('conect: qemu://me:secret@host/system\nconnect: [qemu://me:secret@host').join(),
    ).not.toMatch(/secret/)
  })

  it('of any kind is told as a list of places, whatever the text', () => {
    const word = fc.constantFrom(
      ...['connect', 'scheduler', 'ballooning', 'policy', 'balance', 'domain-rules', 'host-cpus', 'interval'],
      ...[
        ': ',
        ':',
        '\n',
        '  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a',
        '<<',
        '"',
        "'",
        '2GiB',
        '0-3',
        '!x ',
        '%',
        '|',
      ],
    )
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
      fc.json(),
    )
    fc.assert(
      fc.property(text, (given) => {
        for (const problem of problemsOf(given)) expect(problem).toMatch(/^[1-9]\d*:[1-9]\d*: \P{Cc}+$/u)
      }),
      { numRuns: runs(2_000) },
    )
  })
})

describe('a file', () => {
  it.each([
    ['that is not there', () => join(directory, 'nowhere'), /ENOENT/],
    ['that is none', () => directory, /it is no file/],
    ['that is no text', () => write(Buffer.from([0xff, 0xfe, 0x00])), /./],
    ['that is too long', () => write(' '.repeat(2 ** 20 + 1)), /more than 1048576/],
  ])('%s is told in one line', async (_, path, expected) => {
    await expect(readConfig(path())).rejects.toMatchObject({
      problems: [expect.stringMatching(/^[^:]+: the file cannot be read: .+$/)],
    })
    await expect(readConfig(path())).rejects.toThrow(ConfigError)
    await readConfig(path()).catch((error: ConfigError) => expect(error.problems[0]).toMatch(expected))
  })

  it('that a pipe is, which would never end, is refused', async () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    await expect(readConfig(pipe)).rejects.toThrow(ConfigError)
  })
})
