import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BallastError } from '../../../lib/host/errors.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { ballast, withMembers } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-log-'))
afterAll(() => rmSync(directory, { recursive: true }))
let journals = 0
const journal = () => ['--journal', join(directory, `${journals++}.jsonl`)]

const records = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))

const withoutClock = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ''))

describe('--log json', () => {
  it.each([
    ['cpu', scenarios.A1],
    ['memory', scenarios.M1],
  ] as const)(
    'of ballast %s has a record for each line of the text, which is its msg',
    async (name, scenario) => {
      const args = [name, '2', '-n', '12']
      const text = await ballast([...args, ...journal()], async () => simulate(scenario()))
      const json = await ballast([...args, '--log', 'json', ...journal()], async () => simulate(scenario()))
      const decisions = records(json.stdout).filter(({ event }) => event !== 'notice')
      expect(decisions.map(({ msg }) => msg)).toEqual(withoutClock(text.stdout))
      expect(decisions.length).toBeGreaterThan(3)
      for (const { time, level, tick } of decisions) {
        expect(new Date(String(time)).toISOString()).toBe(time)
        expect(['info', 'warn', 'error']).toContain(level)
        expect(tick).toBeTypeOf('number')
      }
    },
  )

  it('tells moves and memory in figures', async () => {
    const cpu = await ballast(['cpu', '1', '-n', '4', '--log', 'json', ...journal()], async () =>
      simulate(scenarios.A1()),
    )
    const moves = records(cpu.stdout).filter(({ event }) => event === 'move')
    expect(moves).toHaveLength(6)
    expect(moves[0]).toMatchObject({
      level: 'info',
      domain: expect.stringMatching(/^guest\d$/),
      uuid: expect.stringMatching(/^[\da-f-]{36}$/),
      vcpu: 0,
      from: '0',
      to: expect.stringMatching(/^[123]$/),
      status: 'applied',
      reason: expect.stringContaining('wants'),
      reasonKind: 'balance-move',
      figures: { demand: expect.any(Number), from: '0', fromBefore: expect.any(Number) },
    })
    const memory = await ballast(
      ['memory', '2', '-n', '40', '--ballooning', 'watermark', '--log', 'json', ...journal()],
      async () => simulate(scenarios.M1()),
    )
    const sizes = records(memory.stdout).filter(({ event }) => event === 'grant' || event === 'shrink')
    for (const { event, from, bytes } of sizes) expect(Number(bytes) < Number(from)).toBe(event === 'shrink')
    expect(new Set(sizes.map(({ event }) => event))).toEqual(new Set(['grant', 'shrink']))
  })

  it('tells what failed, and that the connection went and came', async () => {
    const simulated = simulate(scenarios.A1())
    let samples = 0
    const lost = () => Promise.reject(new BallastError('ERR_CONNECTION_LOST', 'gone'))
    const host = withMembers(simulated, {
      sampleCpu: () => (samples++ === 2 ? lost() : simulated.sampleCpu()),
      pinVcpu: () => Promise.reject(new BallastError('ERR_DOMAIN_BUSY', 'busy\x1b[2J\u202e')),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    })
    const args = ['cpu', '1', '-n', '9', '--log', 'json', ...journal()]
    const { stdout, stderr } = await ballast(args, async () => host)
    for (const acted of ['\x1b', '\u202e']) expect(stdout).not.toContain(acted)
    const told = records(stdout)
    expect(told.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['first-sample', 'connection-lost', 'connection-back', 'move']),
    )
    expect(told.find(({ event }) => event === 'connection-lost')).toMatchObject({ level: 'warn' })
    expect(told.find(({ event }) => event === 'move')).toMatchObject({
      level: 'error',
      status: 'failed',
      code: 'ERR_DOMAIN_BUSY',
      error: 'busy\x1b[2J\u202e',
      msg: expect.stringMatching(/^could not pin guest.*busy\\x1b\[2J\\u202e$/),
    })
    // What ends the process is said there too, for people.
    expect(stderr).toMatch(/^(ballast: .*\n)?$/)
  })

  it('is not to be had together with --json', async () => {
    const { code, stderr } = await ballast(['run', '--json', '--log', 'json'], async () => {
      throw new Error('it tried to connect')
    })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^ballast: .*--json.*cannot be used with.*--log.*\n$/)
  })
})

describe('--log-level', () => {
  it.each(['text', 'json'])('warn leaves out what was done and keeps what was not, in %s', async (format) => {
    const { uuid, name } = (await simulate(scenarios.A1()).domains())[0]!
    const host = () => {
      const simulated = simulate(scenarios.A1())
      return withMembers(simulated, {
        domainMetadata: async (id: string) =>
          id === uuid ? "<settings xmlns='https://ballast.dev/xmlns/domain/1' managed='no'/>" : undefined,
      })
    }
    const args = ['cpu', '1', '-n', '5', '--log', format, '--log-level', 'warn', ...journal()]
    const { stdout } = await ballast(args, async () => host())
    expect(stdout).toContain(`skipped: vcpus of ${name}`)
    expect(stdout).not.toMatch(/first sample|wants/)
  })
})
