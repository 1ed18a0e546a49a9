import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, it } from 'vitest'

const script = `${inject('compiled')}/test/unit/cli/simulated.js`
const directory = mkdtempSync(join(tmpdir(), 'ballast-deadman-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Runs a command in a process of its own, whose scheduler does not return from its second call. */
async function run(args: readonly string[]) {
  const env = { ...process.env, TEST_HOST: 'works', TEST_POLICY: 'never returns', XDG_STATE_HOME: directory }
  const child = spawn(process.execPath, [script, ...args], { env })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  try {
    const [code, signal] = await once(child, 'close')
    return { ...output, code, signal }
  } finally {
    child.kill('SIGKILL')
  }
}

describe('a policy that never returns', () => {
  it('ends the process with one clear line, and nothing is changed any more', async () => {
    const { stdout, stderr, signal } = await run(['cpu', '1', '--json'])
    expect(signal).toBe('SIGABRT')
    expect(stderr).toBe(
      'ballast: hung for 2 s, as by a policy that never returns: ended; ' +
        'guests stay as they are, "ballast restore" restores them\n',
    )
    const ticks = stdout.trim().split('\n')
    expect(ticks).toHaveLength(1)
    expect(JSON.parse(ticks[0]!).outcomes.length).toBeGreaterThan(0)
  })

  it('is watched for only while a command controls: the end comes by itself, and monitor has no watch', async () => {
    expect(await run(['cpu', '1', '--ticks', '1'])).toMatchObject({ code: 0, signal: null })
    expect(await run(['monitor', '1', '--ticks', '2'])).toMatchObject({ code: 0, stderr: '' })
  })
})
