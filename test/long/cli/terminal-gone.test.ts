import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, it, vi } from 'vitest'
import { hasTmux, TestTerminal } from './top/terminal.ts'

const program = `${inject('compiled')}/test/unit/cli/simulated.js`
const directory = mkdtempSync(join(tmpdir(), 'ballast-gone-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Outlives the terminal: writes how a program ended, and what it wrote to stderr. */
const witness = join(directory, 'witness.mjs')
writeFileSync(
  witness,
  `import { spawnSync } from 'node:child_process'
import { openSync, renameSync, writeFileSync } from 'node:fs'
process.on('SIGHUP', () => {})
const [errors, ending, ...program] = process.argv.slice(2)
const { status, signal } = spawnSync(program[0], program.slice(1), { stdio: ['inherit', 'inherit', openSync(errors, 'w')] })
writeFileSync(ending + '.new', JSON.stringify({ status, signal }))
renameSync(ending + '.new', ending)
process.kill(process.pid, 'SIGKILL')
`,
)

describe.runIf(hasTmux)('a terminal that goes away', () => {
  it.each([
    ['monitor', ['monitor', '1']],
    ['run', ['run', '1', '--ballooning', 'none']],
  ])('ends %s as cleanly as Ctrl-C, without a crash', async (name, args) => {
    const [errors, ending] = ['errors', 'ending'].map((file) => join(directory, `${name}-${file}`)) as [
      string,
      string,
    ]
    {
      using terminal = new TestTerminal({ env: { TEST_HOST: 'works', XDG_STATE_HOME: directory } })
      terminal.run([process.execPath, witness, errors, ending, process.execPath, program, ...args].join(' '))
      await terminal.shows(/guest1|tick 1/)
    }
    await vi.waitFor(() => expect(existsSync(ending)).toBe(true), { timeout: 60_000, interval: 50 })
    expect(JSON.parse(readFileSync(ending, 'utf8'))).toEqual({ status: null, signal: 'SIGHUP' })
    expect(readFileSync(errors, 'utf8')).toMatch(/^(ballast: .*\n)*$/)
  })
})
