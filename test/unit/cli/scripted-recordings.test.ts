import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BallastError, ballooning, memoryJournal, recordings, schedulers } from '../../../lib/index.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { ballast } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-scripted-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Where a script recorded that says nothing of its policies, one that says nothing at all, and one that names them. */
const [silent, mute, named] = ['silent', 'mute', 'named'].map((name) => join(directory, name)) as [
  string,
  string,
  string,
]
/** Small, since what-if plays it again and again. */
const scenario = {
  pcpus: 2,
  domains: ['guest1', 'guest2'].map((name) => ({
    name,
    vcpus: [{ affinity: '0', load: { kind: 'loop', work: 6, sleep: 14 } as const }],
  })),
}
const config = join(directory, 'balance.yaml')

beforeAll(async () => {
  writeFileSync(config, 'interval: 2\nscheduler: balance\nballooning: none\n')
  const policies = { scheduler: { name: 'balance', options: {} } }
  for (const [path, ...configuration] of [
    [silent],
    [mute, {}],
    [named, { loop: { interval: 2_000 }, policies }],
  ] as const) {
    await using recorder = new recordings.Recorder(simulate(scenario), path)
    const options = { interval: 2_000, scheduler: schedulers.balance(), ticks: 8 }
    for await (const _ of recorder.autopilot(options, ...configuration));
  }
})

const read = (...args: string[]) =>
  ballast(args, async () => {
    throw new Error('a recording needs no host')
  })
const cure = 'does not say with which policies it was made: name them (--scheduler'

describe('a recording of a script', () => {
  it('that names its policies is replayed as it is', async () => {
    expect(await read('replay', '--recording', named)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('every decision is the same'),
    })
  })

  it('is replayed with the policies that are named, of a configuration file too', async () => {
    for (const args of [
      [silent, '--scheduler', 'balance'],
      [silent, '--config', config],
      [mute, '--config', config],
    ]) {
      expect(await read('replay', '--recording', ...args)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('every decision is the same'),
      })
    }
  })

  it('says what to do where nothing is named', async () => {
    for (const path of [silent, mute]) {
      expect(await read('replay', '--recording', path)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(cure),
      })
    }
    expect(await read('whatif', silent)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the recording does not say with which policies it was made; give'),
    })
  })

  it('has other errors in its replay where its journal could not be written, and no other decision', async () => {
    const path = join(directory, 'full')
    {
      await using recorder = new recordings.Recorder(simulate(scenario), path)
      const kept = memoryJournal()
      const full = async () => Promise.reject(new BallastError('ERR_JOURNAL', 'the disk is full'))
      const journal = { entries: () => kept.entries(), record: full }
      const options = { interval: 2_000, ballooning: ballooning.shares(), ticks: 3, journal }
      const policies = { ballooning: { name: 'shares', options: {} } }
      const loop = recorder.autopilot(options, { loop: { interval: 2_000 }, policies })
      for await (const _ of loop);
    }
    const { code, stdout } = await read('replay', '--recording', path)
    expect(code).toBe(0)
    expect(stdout).toContain('tick 1: errors differ; recorded: ERR_JOURNAL: the disk is full, ERR_')
    expect(stdout).toContain('; now: none\n')
    expect(stdout).toContain('3 ticks, every decision is the same, other errors in 2 ticks; ')
  })

  it('is played under others by whatif and capacity', async () => {
    const { code, stdout } = await read('whatif', mute, '--config', config)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('balance.yaml') })
    expect(await read('capacity', mute, '--guest', '1x1GiB', '--most', '1')).toMatchObject({ code: 0 })
  })
})
