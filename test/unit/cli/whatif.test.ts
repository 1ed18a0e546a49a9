import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../../lib/cli/program.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { ballast, contextOf } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-cli-whatif-'))
const state = { XDG_STATE_HOME: directory }
const recordings = join(directory, 'ballast/recordings')
const noHost = async () => {
  throw new Error('what-if needs no host')
}
const run = (...args: string[]) => ballast(args, noHost, state)
const path = (name: string) => join(directory, name)

beforeAll(async () => {
  const host = simulate(scenarios.A1())
  const args = [
    'run',
    '--ticks',
    '16',
    '--ballooning',
    'none',
    '--record',
    recordings,
    '--no-restore',
    '--dry-run',
  ]
  expect(await ballast(args, async () => host, state)).toMatchObject({ code: 0 })
  writeFileSync(path('bare.json'), JSON.stringify(scenarios.A1()))
  writeFileSync(path('config.yaml'), 'scheduler: lpt\nballooning: none\n')
  writeFileSync(path('trace.csv'), 'time,guest,cpu\n0,a,50\n0,b,20\n30,a,40\n')
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('ballast whatif', () => {
  it('shows what was measured, how far the simulation misses it, and what others would have done', async () => {
    const args = ['--scheduler', 'balance', '--scheduler', 'one-move', '--config', path('config.yaml')]
    const { code, stdout } = await run('whatif', ...args)
    expect(code).toBe(0)
    const [head, names, moves] = stdout.split('\n')
    expect(head).toMatch(/^simulation:\/\/\/, from .+: 16 ticks, 8 guests, \d+ times as fast as real time$/)
    expect(names!.trim().split(/ {2,}/)).toEqual([
      'measured',
      'as recorded',
      'balance',
      'one-move',
      path('config.yaml'),
      'none',
    ])
    // It was a dry run; what is asked for is not.
    expect(moves!.trim().split(/ {2,}/)).toEqual(['moves', '0', '0', '6', '6', '6', '0'])
    expect(stdout).toMatch(/The same policies, simulated, miss what was measured by:\n {2}moves 0; deviation/)
  })

  it('prints figures for programs', async () => {
    const { stdout } = await run('whatif', recordings, '--scheduler', 'balance', '--json')
    const line = JSON.parse(stdout)
    expect(line).toMatchObject({
      ticks: 16,
      interval: 2_000,
      guests: 8,
      miss: { moves: 0 },
      none: { moves: 0 },
    })
    expect(Math.abs(line.miss.deviation)).toBeLessThan(0.05)
    const [same, balance] = line.answers
    expect(same).toMatchObject({ name: 'as recorded', moves: 0 })
    expect(balance).toMatchObject({ name: 'balance', moves: 6, stall: 0 })
    expect(balance.deviation).toBeLessThan(line.recorded.deviation)
    expect(balance.guests).toHaveLength(8)
    expect(balance.regret.cpu).toBeLessThan(0.5)
  })

  it('takes a scenario, and has policies of every kind together', async () => {
    const args = ['--scheduler', 'none', '--scheduler', 'balance', '--ballooning', 'shares', '--json']
    const { answers, recorded } = JSON.parse((await run('whatif', path('bare.json'), ...args)).stdout)
    expect(answers.map(({ name }: { name: string }) => name)).toEqual(['none + shares', 'balance + shares'])
    expect(recorded).toBeUndefined()
  })

  it('goes through every recording of the time that is asked for, and ends quietly when stopped', async () => {
    const more = path('two')
    for (const ticks of ['4', '5']) {
      const host = simulate(scenarios.A6())
      await ballast(['record', '--record', more, '--ticks', ticks], async () => host, state)
    }
    const { stdout } = await run('whatif', more, '--scheduler', 'balance', '--json')
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).ticks)
        .sort(),
    ).toEqual([4, 5])
    const late = await run(
      'whatif',
      more,
      '--scheduler',
      'balance',
      '--from',
      '2026-01-01T00:00:04Z',
      '--json',
    )
    expect(
      late.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).ticks),
    ).toEqual([3])
    const stopped = contextOf(noHost, AbortSignal.abort('SIGINT'))
    expect(await main(['whatif', more, '--scheduler', 'balance'], stopped)).toBe(0)
  })

  it.each([
    [['--scheduler', 'best'], 2, `argument 'best' is invalid. Allowed choices are balance, `],
    [['--scheduler', 'pakc'], 2, 'Did you mean pack?'],
    [['/nowhere'], 1, 'There is no file or directory /nowhere: give the directory'],
    [[path('bare.json')], 2, 'nothing is asked'],
    [[path('trace.csv'), '--scheduler', 'lpt'], 2, 'it is no JSON'],
    [[path('newer.json'), '--scheduler', 'lpt'], 2, 'version 2 of the format'],
    [[path('wrong.json'), '--scheduler', 'lpt'], 2, 'Expected `pcpus` to be'],
    [['--from', 'noon'], 2, '--from must be a time such as 14:30'],
    [['--to', '2025-01-01'], 1, 'There are 0 ticks with samples'],
  ])('%j ends with %i and says why', async (args, code, message) => {
    writeFileSync(path('newer.json'), '{"ballastScenario":2}')
    writeFileSync(path('wrong.json'), '{"pcpus":0,"domains":[]}')
    expect(await run('whatif', ...args)).toMatchObject({ code, stderr: expect.stringContaining(message) })
  })
})

describe('ballast import', () => {
  it('writes a scenario that what-if plays', async () => {
    const output = path('imported.json')
    const { code, stderr } = await run('import', 'columns', path('trace.csv'), '--pcpus', '2', '-o', output)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/2 guests for 0\.0 hours on 2 pCPUs with [\d.]+ (MiB|GiB)/),
    })
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({ ballastScenario: 1, ticks: 30 })
    const { answers, notes } = JSON.parse(
      (await run('whatif', output, '--scheduler', 'balance', '--json')).stdout,
    )
    expect(answers[0]).toMatchObject({ name: 'balance', errors: [] })
    expect(notes[0]).toContain('made up')
  })

  it.each([
    [['columns', path('trace.csv')], '--output'],
    [['excel', path('trace.csv'), '-o', path('x.json')], 'excel'],
    [['columns', path('trace.csv'), '--vms', 'x', '-o', path('x.json')], '--vms is for azure only'],
    [
      ['columns', path('trace.csv'), '--guests', '0', '-o', path('x.json')],
      '--guests must be a whole number',
    ],
    [['columns', '/nowhere.csv', '-o', path('x.json')], 'Cannot read /nowhere.csv'],
    [['bitbrains', path('trace.csv'), '-o', path('x.json')], 'trace.csv:1:1: a line has 11 columns'],
    [['columns', path('trace.csv'), '-o', '/nowhere/x.json'], 'Cannot write /nowhere/x.json'],
  ])('%j is refused', async (args, message) => {
    expect(await run('import', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
  })
})

describe('ballast capacity', () => {
  it('says how many more guests there can be, and what gives out', async () => {
    const args = ['capacity', '--guest', '1x256MiB', '--load', '0.3', '--score-limit', '60', '--use', '0.5']
    const { code, stdout, stderr } = await run(...args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/carries \d+ more guests? of 1 vCPU and 256 MiB, each vCPU wanting 30 % of a pCPU/)
    expect(stdout).toMatch(/with one more the (CPU|memory) gives out: /)
    expect(stderr).toContain('trying 1 more guest')
  })

  it.each([
    [[], '--guest'],
    [['--guest', '4GiB'], '--guest must be vCPUs and memory, such as 2x4GiB'],
    [['--guest', '2x4'], '--guest must be a size with its unit'],
    [['--guest', '1x1GiB', '--load', '2'], '--load must be a number above 0'],
    [['--guest', '1x1GiB', '--score-limit', 'all'], '--score-limit must be a whole number'],
  ])('%j is refused', async (args, message) => {
    expect(await run('capacity', ...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    })
  })
})
