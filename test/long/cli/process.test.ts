import { execFile } from 'node:child_process'
import { describe, expect, inject, it } from 'vitest'
import type { Ending } from '../../unit/cli/test-context.ts'

/** Runs the command line as users do: in a process of its own. */
function ballast(...args: string[]): Promise<Ending> {
  return new Promise((resolve) => {
    const program = `${inject('compiled')}/lib/cli/main.js`
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

describe('the process', () => {
  it('writes its version', async () => {
    expect(await ballast('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  it('ends with the exit code', async () => {
    expect(await ballast('cpu', 'abc')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'ballast: the interval must be a number of seconds from 0.1 to 86400, such as 2; got "abc"\n',
    })
  })
})
