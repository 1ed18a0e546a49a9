import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { identify, isAlive, until } from '../../lab/processes.ts'

const steps = new URL('../../../scripts/steps.mjs', import.meta.url)

/** As npm does it for the compilers that a build runs: a program whose end is not that of what it has started. */
const program = `
  const child = require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' })
  console.log(child.pid)`

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s to the runner of tests alone ends all that its steps have started',
  async (signal) => {
    const runner = `
      const { command } = await import(${JSON.stringify(steps.href)})
      await command('inherit', process.execPath, '--eval', ${JSON.stringify(program)})`
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', runner], {
      cwd: fileURLToPath(new URL('.', steps)),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(parent, 'exit')
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const started = (await identify(Number(line)))!
    try {
      parent.kill(signal)
      await ended
      await until('it has ended', 60_000, async () => !(await isAlive(started)))
    } finally {
      if (await isAlive(started)) process.kill(started.pid, 'SIGKILL')
    }
    expect(parent.exitCode).toBeGreaterThan(128)
  },
)
