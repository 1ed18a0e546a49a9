import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, expect, inject, it } from 'vitest'
import { identify, until } from '../../lab/processes.ts'

const pids: number[] = []
afterEach(() => {
  for (const pid of pids.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  }
})

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'a measured process ends when its bench does, by %s',
  async (signal) => {
    const parent = spawn(process.execPath, [`${inject('compiled')}/test/long/bench/busy-parent.js`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const pid = Number(line)
    pids.push(pid, parent.pid!)
    expect(await identify(pid)).toBeDefined()
    parent.kill(signal)
    await until('it has ended', 60_000, async () => (await identify(pid)) === undefined)
  },
)
