import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest'
import { timedBesideTimer } from '../../../support/timed.ts'

/** Milliseconds within which a controller ends at a signal, whatever its daemon does. */
const endLimit = 2_000
const script = `${inject('compiled')}/test/unit/cli/simulated.js`
const directory = mkdtempSync(join(tmpdir(), 'ballast-stop-'))
afterAll(() => rmSync(directory, { recursive: true }))

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** The command line in a process of its own, its output as it comes. */
function start(args: readonly string[], host = 'works') {
  // Its own state: what another could not restore in time is no part of it.
  const state = mkdtempSync(join(directory, 'state-'))
  const env = { ...process.env, TEST_HOST: host, XDG_STATE_HOME: state }
  const child = spawn(process.execPath, [script, ...args], { env })
  running.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number)
  return {
    child,
    output,
    state,
    ended,
    async says(stream: 'stdout' | 'stderr', text: string) {
      while (!output[stream].includes(text)) {
        const isOver = await Promise.race([
          once(child[stream], 'data').then(() => false),
          ended.then(() => true),
        ])
        if (isOver && !output[stream].includes(text)) {
          throw new Error(`It ended without saying ${text}:\n${output.stderr}`)
        }
      }
    },
  }
}

describe('the end of a command', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s finishes the tick, says so, and is no failure',
    async (signal) => {
      const { child, output, ended, says } = start(['run', '1', '--json'])
      await says('stdout', '\n')
      child.kill(signal)
      expect(await ended).toBe(0)
      const ticks = output.stdout.trim().split('\n')
      for (const line of ticks) expect(JSON.parse(line)).toHaveProperty('summary')
      expect(output.stderr).toMatch(
        /^ballast: finishing what has begun, then stopping; once more to stop at once$/m,
      )
      expect(output.stderr).toMatch(new RegExp(`^ballast: stopped after ${ticks.length} ticks?$`, 'm'))
    },
  )

  it.each(['SIGINT', 'SIGTERM'] as const)('%s brings back what was before', async (signal) => {
    const { child, output, state, ended, says } = start(['cpu', '1', '--json'])
    await says('stdout', '"status":"applied"')
    child.kill(signal)
    expect(await ended).toBe(0)
    expect(output.stderr).toMatch(/^ballast: restored: \d pins?$/m)
    expect(readdirSync(join(state, 'ballast'))).toEqual([])
  })

  it('SIGHUP, when its terminal goes away, ends it as cleanly', async () => {
    const { child, output, ended, says } = start(['run', '1', '--json'])
    await says('stdout', '\n')
    child.kill('SIGHUP')
    expect(await ended).toBe(0)
    expect(output.stderr).toMatch(/^ballast: stopped after \d+ ticks?$/m)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it while it waits for the next tick, which is far',
    async (signal) => {
      const { child, output, ended, says } = start(['run', '86400'], 'real')
      await says('stdout', 'first sample')
      child.kill(signal)
      // The next thing that it would do by itself is a day away.
      expect(await ended).toBe(0)
      expect(output.stderr).toMatch(/stopping.*\n(.*\n)*ballast: stopped after 1 tick\n/)
    },
  )

  it('the second Ctrl-C ends it at once, whatever it waits for', async () => {
    const { child, ended, says } = start(['cpu'], 'hangs')
    await says('stdout', 'first sample')
    child.kill('SIGINT')
    await says('stderr', 'once more')
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })

  it('SIGTERM ends it in its two seconds when the daemon is frozen', async () => {
    const timeToEnd = async (host: string, when: string) => {
      const journal = join(directory, `stop-${host}.jsonl`)
      const { child, output, ended, says } = start(['cpu', '1', '--json', '--journal', journal], host)
      await says('stdout', when)
      const result = await timedBesideTimer(endLimit, () => {
        child.kill('SIGTERM')
        return ended
      })
      expect(await ended).toBe(0)
      return { ...result, stderr: output.stderr }
    }
    const usual = await timeToEnd('works', '"status":"applied"')
    const frozen = await timeToEnd('freezes', 'frozen')
    expect(frozen.stderr).toMatch(/^ballast: not all guests could be restored in time; "ballast restore" /m)
    // How slow this machine is the stop of a daemon that answers shows.
    expect(frozen.took - usual.took).toBeLessThan(frozen.most)
  })

  it('Ctrl-C ends it while it still waits for a connection', async () => {
    const { child, ended, says } = start(['monitor'], 'unreachable')
    await says('stdout', 'connecting')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('Ctrl-C ends it while it connects again', async () => {
    const { child, output, ended, says } = start(['cpu', '1'], 'dies')
    await says('stderr', 'connecting again')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(output.stderr.match(/lost/g)).toHaveLength(1)
  })

  it('a reader that goes away (| head) ends it quietly', async () => {
    const { child, output, ended, says } = start(['monitor', '1', '--json'])
    await says('stdout', '\n')
    child.stdout.destroy()
    expect(await ended).toBe(0)
    expect(output.stderr).toBe('')
  })
})
