import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { ballast } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-cli-recording-'))
const state = { XDG_STATE_HOME: directory }
const recordings = join(directory, 'ballast/recordings')
const noHost = async () => {
  throw new Error('a recording needs no host')
}
const read = (...args: string[]) => ballast(args, noHost, state)

beforeAll(async () => {
  const host = simulate(scenarios.A1())
  const args = ['run', '--ticks', '36', '--ballooning', 'none', '--record', recordings, '--no-restore']
  const { code, stderr } = await ballast(args, async () => host, state)
  expect(code).toBe(0)
  expect(stderr.match(/^ballast: recording to .*$/gm)).toEqual([`ballast: recording to ${recordings}`])
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('a recording of ballast run', () => {
  it('tells what was changed, why, and what came of it', async () => {
    const { code, stdout } = await read('history')
    expect(code).toBe(0)
    const lines = stdout.trim().split('\n')
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(line).toMatch(
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\S+: vCPU \d+ pinned to pCPU \d+: .+; delay [\d.]+ % -> [\d.]+ %/,
      )
    }
  })

  it('tells it of one guest, and as JSON', async () => {
    const changes = (await read('history', '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { domain } = changes[0].outcome.action
    const own = (await read('history', domain, '--json')).stdout.trim().split('\n')
    expect(own).toHaveLength(changes.filter(({ outcome }) => outcome.action.domain === domain).length)
    const { before, after, minuteAfter } = changes[0]
    expect(after.cpu.worstDelay).toBeLessThan(before.cpu.worstDelay)
    expect(minuteAfter.cpu.deviation).toBeLessThan(before.cpu.deviation)
  })

  it('says why a guest was moved, and what was weighed', async () => {
    const [change] = (await read('history', '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { domain, uuid } = change.outcome.action
    const { code, stdout } = await read('why', domain)
    expect(code).toBe(0)
    for (const row of ['done', 'reason', 'weighed', 'choice', 'before', 'after', '1 minute', 'host']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${row} {2,}\\S`, 'm'))
    }
    expect((await read('why', uuid)).stdout.split('\n')[1]).toBe(stdout.split('\n')[1])
    expect(stdout).toMatch(/^ {12}0 moves: deviation [\d.]+ %, (out of tolerance|gains less)$/m)
    expect(stdout).toMatch(/: deviation [\d.]+ %, chosen$/m)
    const { change: same, now, alternatives } = JSON.parse((await read('why', domain, '--json')).stdout)
    expect(alternatives.change).toContainEqual(
      expect.objectContaining({ moves: same.explanation.chosen, verdict: 'chosen' }),
    )
    expect(alternatives.now).toContainEqual(expect.objectContaining({ moves: 0, verdict: 'chosen' }))
    expect(same.outcome.action.uuid).toBe(uuid)
    expect(now.tick).toBe(35)
  })

  it('says that nothing was changed before', async () => {
    const { code, stderr, stdout } = await read('why', 'guest1', '--at', '2026-01-01T00:00:01Z')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('no change of guest1') })
    expect(stderr).toContain(
      `no controller of qemu:///system runs here: asking the recordings in ${recordings}`,
    )
    expect(stdout).toContain('(tick 0)')
  })

  it('says so when it ends before the moment that is asked for', async () => {
    const ended = /nothing is known of the time after \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: this is as of then\n/
    const past = await read('why', 'guest1', '--at', '2030-01-01T00:00Z')
    expect({ code: past.code, stderr: past.stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(ended),
    })
    expect(past.stdout).toContain('(tick 35)')
    for (const at of [[], ['--at', '2026-01-01T00:00:10Z']]) {
      expect((await read('why', 'guest1', ...at)).stderr).not.toMatch(ended)
    }
  })

  it('is replayed with the same decisions', async () => {
    const { code, stdout } = await read('replay')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('every decision is the same'),
    })
    expect(JSON.parse((await read('replay', '--json')).stdout)).toMatchObject({ ticks: 36, different: 0 })
  })

  it('is compared in the part that is asked for, on all that was before', async () => {
    const part = ['--from', '2026-01-01T00:00:20Z', '--to', '2026-01-01T00:00:38Z']
    expect(JSON.parse((await read('replay', '--json', ...part)).stdout)).toMatchObject({
      ticks: 10,
      different: 0,
    })
    expect(await read('replay', '--from', '2030-01-01T00:00Z')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^ballast: There is no tick in that part of the recordings: from 2030-01-01 .*; they begin at \d{4}-/m,
      ),
    })
  })

  it('is decided anew by a configuration', async () => {
    const file = join(directory, 'config.yaml')
    writeFileSync(file, 'scheduler: lpt\nballooning: none\n')
    const { code, stdout } = await read('replay', '--config', file)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/\d+ ticks, \d+ ticks? differ/),
    })
    expect(stdout).toEqual(
      (await read('replay', '--scheduler', 'lpt')).stdout.replace(/\d+ times/, /\d+ times/.exec(stdout)![0]),
    )
    expect(await read('replay', '--config', file, '--ksm', 'none')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('give --config or policies, not both'),
    })
  })

  it('shows where another policy decides otherwise', async () => {
    const { code, stdout } = await read('replay', '--scheduler', 'none')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/36 ticks, \d+ ticks? differ/),
    })
  })

  it.each([
    [['why', 'nobody'], 2, 'no guest "nobody" is known; there are guest1, '],
    [['why', 'nobody', '--at', '12:00'], 2, 'no guest "nobody" is known up to then; there are guest1, '],
    [['history', 'nobody'], 2, 'no guest "nobody" is known; there are guest1, '],
    [['history', 'nobody', '--json'], 2, 'no guest "nobody" is known; there are guest1, '],
    [['why', 'guest1', '--at', 'noon'], 2, '--at must be a time such as 14:30'],
    [['history', '--since', '1 hour'], 2, '--since must be an age such as 30s'],
    [['replay', '--scheduler', 'best'], 2, 'best'],
    [['history', '--recording', '/nowhere'], 1, 'There is no file or directory /nowhere: give the directory'],
    [['record'], 2, '--record'],
  ])('%j ends with %i and says why', async (args, code, message) => {
    expect(await read(...args)).toMatchObject({ code, stderr: expect.stringContaining(message) })
  })
})

describe('a directory that cannot be written', () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')

  it.each([
    [file, 'it is a file, or below one'],
    [join(file, 'below'), 'it is a file, or below one'],
    ['/dev/null', 'it is a file, or below one'],
    ['/proc', 'nothing can be made there'],
  ])('%s is refused before anything is done', async (path, why) => {
    for (const command of ['run', 'record']) {
      expect(await ballast([command, '--record', path, '--ticks', '1'], noHost, state)).toEqual({
        code: 2,
        stdout: '',
        stderr: `ballast: --record must be a directory that ballast can write to; ${path}: ${why}\n`,
      })
    }
  })

  it('has the name that the configuration gives it', async () => {
    const config = join(directory, 'record.yaml')
    writeFileSync(config, `record: ${file}\n`)
    const { code, stderr } = await ballast(['run', '--config', config], noHost, state)
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('record must be a directory'),
    })
    expect(stderr).not.toContain('--record')
  })
})

describe('ballast record', () => {
  it('watches, and records no change', async () => {
    const watched = join(directory, 'watched')
    const host = simulate(scenarios.A1())
    const { code, stderr } = await ballast(['record', '--record', watched, '--ticks', '5'], async () => host)
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('recording to') })
    expect((await read('history', '--recording', watched)).stderr).toContain('no change of any guest')
    expect(await read('history', 'guest1', '--recording', watched)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no change of guest1 is known\n'),
    })
    expect((await read('why', 'guest1', '--recording', watched)).stderr).toContain(
      'no change of guest1 is known\n',
    )
    expect((await read('replay', '--recording', watched)).stdout).toContain(
      '5 ticks, every decision is the same',
    )
  })
})
