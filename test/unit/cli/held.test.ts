import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('./simulated.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'ballast-held-'))
afterAll(() => rmSync(directory, { recursive: true }))

let uri: string
let hosts = 0
beforeEach(() => {
  // Of this test run alone: what is held is held on the whole machine.
  uri = `qemu://held-${process.pid}-${hosts++}/system`
})

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** The command line in a process of its own. */
function start(...args: string[]) {
  const env = { ...process.env, TEST_HOST: 'works', TEST_URI: uri, XDG_STATE_HOME: directory }
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { env })
  running.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  return {
    child,
    output,
    ended: once(child, 'close').then(([code]) => code as number | null),
    async ticks() {
      while (!output.stdout.includes('\n')) await once(child.stdout, 'data')
    },
  }
}

async function run(...args: string[]) {
  const { ended, output } = start(...args)
  return { code: await ended, ...output }
}

describe('a second controller', () => {
  it('is told who holds the host, and stops with exit code 5', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    for (const args of [['run'], ['cpu'], ['memory'], ['restore']]) {
      const { code, stdout, stderr } = await run(...args)
      expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
      expect(stderr).toMatch(
        new RegExp(
          `^ballast: .* ${uri} is held by pid ${first.child.pid} \\(\\S+\\) since .*Z: ballast run; stop that one first.*\\n$`,
        ),
      )
    }
    expect(first.child.exitCode).toBeNull()
  }, 120_000)

  it('may look, and say what it would do', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    expect(await run('monitor', '1', '-n', '1')).toMatchObject({ code: 0 })
    expect(await run('run', '1', '-n', '1', '--dry-run')).toMatchObject({ code: 0 })
  }, 120_000)

  it('may have what the first does not', async () => {
    const first = start('cpu', '1', '--json')
    await first.ticks()
    expect(await run('memory', '1', '-n', '1')).toMatchObject({ code: 0 })
    expect(await run('run', '1', '-n', '1')).toMatchObject({ code: 5 })
  }, 120_000)

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'works when the first has ended by %s',
    async (signal) => {
      const first = start('run', '1', '--json')
      await first.ticks()
      first.child.kill(signal)
      await first.ended
      expect(await run('run', '1', '-n', '1')).toMatchObject({ code: 0 })
    },
    30_000,
  )
})
