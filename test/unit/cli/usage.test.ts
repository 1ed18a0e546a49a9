import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url))
const patience = 60_000

/** Runs the command line as users do: in a process of its own. */
function ballast(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const node = ['--import', 'tsx', script, ...args]
    execFile(process.execPath, node, { timeout: patience }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

describe('a wrong command line', () => {
  it.each([
    [['cpu', '0'], /interval must be a number of seconds.*got "0"/],
    [['memory', 'abc'], /interval must be a number of seconds.*got "abc"/],
    [['run', '--ticks', '0'], /--ticks must be a whole number.*got "0"/],
    [['memory', '--reserve', '2'], /--reserve must be a size with its unit.*got "2"/],
    [['monitor', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [['cpu', '-1'], /unknown option '-1'/],
    [['cpu', '--reserve', '2GiB'], /unknown option '--reserve'/],
    [['cpu', '1', '2'], /too many arguments/],
    [['cpu', '--connect'], /option '-c, --connect <uri>' argument missing/],
    [['blance'], /unknown command 'blance'/],
  ])(
    '%j is one line on stderr and exit code 2',
    async (args, expected) => {
      const { code, stdout, stderr } = await ballast(...args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^ballast: [^\n]*\n$/)
      expect(stderr).toMatch(expected)
    },
    patience,
  )
})

describe('the help', () => {
  it(
    'lists the commands, examples and exit codes',
    async () => {
      const { code, stdout, stderr } = await ballast('--help')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      for (const word of ['cpu', 'memory', 'run', 'monitor', 'restore', 'Examples:', 'Exit codes:']) {
        expect(stdout).toContain(word)
      }
    },
    patience,
  )

  it.each(['cpu', 'memory', 'run', 'monitor', 'restore'])(
    'of %s explains its options by examples',
    async (name) => {
      const { code, stdout } = await ballast(name, '--help')
      expect(code).toBe(0)
      expect(stdout).toContain('--connect <uri>')
      expect(stdout).toMatch(new RegExp(`Examples:\\n {2}ballast ${name}`))
      expect(stdout).toContain('Exit codes:')
    },
    patience,
  )

  it(
    'is what comes without a command, with exit code 2',
    async () => {
      const { code, stdout } = await ballast()
      expect(code).toBe(2)
      expect(stdout).toContain('Usage: ballast')
    },
    patience,
  )

  it(
    'knows its version',
    async () => {
      const { stdout } = await ballast('--version')
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    },
    patience,
  )
})
