import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../../scripts/start.mjs', import.meta.url))
/** It has to end before it installs or shows anything. */
const start = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, stdout, stderr }
}

describe('npm start', () => {
  it('says how it is used', () => {
    expect(start('--help')).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^Usage: npm start -- \[--fast\]\n/),
      stderr: '',
    })
  })

  it.each([['--quick'], ['fast']])('refuses %s in a line, and says how it is used', (arg) => {
    const { status, stdout, stderr } = start(arg)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^npm start: .*'${arg}'.*\\n\\nUsage: npm start`))
    expect(stderr).not.toContain('node:internal')
  })
})
