import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../../../../lib/cli/program.ts'
import { type SimulatedHost, scenarios, simulate } from '../../../../lib/simulation/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-reload-'))
afterAll(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'ballast.yaml')
let journals = 0
let journal: string
beforeEach(() => {
  journal = join(directory, `${journals++}.jsonl`)
})
const configure = (text: string) => writeFileSync(path, `journal: ${journal}\ninterval: 1\n${text}`)

/** `ballast run --config` in this process, where a test says when a SIGHUP comes. */
function start(host: SimulatedHost, ...args: string[]) {
  const stop = new AbortController()
  const listeners = new Set<() => void>()
  const states: string[] = []
  const written = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk
        for (const look of waiting) look()
        done()
      },
    })
  const ended = main(['run', '--config', path, ...args], {
    connect: async () => host,
    env: {},
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    signal: stop.signal,
    notify: (state) => void states.push(state.split('\n')[0]!),
    onHangup(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  return {
    written,
    states,
    listeners,
    ended,
    hangUp() {
      for (const listener of listeners) listener()
    },
    async end() {
      stop.abort('SIGTERM')
      return ended
    },
    /** Resolves when it has written as many times what matches. */
    says(stream: keyof typeof written, what: RegExp, times = 1) {
      return new Promise<void>((resolve) => {
        const look = () => {
          if ((written[stream].match(new RegExp(what, 'g')) ?? []).length < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
    },
  }
}

async function places(host: SimulatedHost): Promise<number[]> {
  return [...new Set((await host.sampleCpu()).affinity)].toSorted()
}

describe('SIGHUP', () => {
  it('has the file read again, and the loop goes on by it on the same host', async () => {
    const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    configure('match: nobody\nballooning: none\n')
    const run = start(host)
    await run.says('stdout', /first sample/)
    expect(await places(host)).toEqual([1])
    configure('match: guest*\nballooning: none\n')
    run.hangUp()
    await run.says('stdout', /pin guest/, 3)
    expect(await run.end()).toBe(0)
    expect(run.written.stderr).toContain(`ballast: reloaded ${path}\n`)
    expect(run.written.stdout.match(/first sample/g)).toHaveLength(2)
    expect(run.written.stderr.match(/stopped after/g)).toHaveLength(1)
    expect(run.states.filter((state) => !state.startsWith('STATUS'))).toEqual([
      'READY=1',
      'RELOADING=1',
      'READY=1',
      'STOPPING=1',
    ])
    expect(run.listeners.size).toBe(0)
  })

  it('with mistakes in the file tells each with its line, and the old one goes on', async () => {
    const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    configure('match: nobody\n')
    const run = start(host)
    await run.says('stdout', /first sample/)
    configure('match: guest*\nhost-memory-reserve: 2\nscheduler: {tolerance: 9}\n')
    run.hangUp()
    await run.says('stderr', /configuration not reloaded/)
    expect(run.written.stderr.split('\n').slice(1, 4)).toEqual([
      expect.stringMatching(/ballast\.yaml:4:22: host-memory-reserve must be a size/),
      expect.stringMatching(/ballast\.yaml:5:24: scheduler\.tolerance must be/),
      `ballast: configuration not reloaded: 2 errors in ${path}`,
    ])
    const { length } = run.written.stdout
    await run.says('stdout', /no change/, 2)
    expect(run.written.stdout.slice(length)).not.toContain('first sample')
    expect(await places(host)).toEqual([1])
    expect(await run.end()).toBe(0)
    expect(run.states.filter((state) => !state.startsWith('STATUS')).slice(1, 3)).toEqual([
      'RELOADING=1',
      'READY=1',
    ])
  })

  it.each([
    ['host-memory-reserve: 1TiB', /:3:22: host-memory-reserve must be below the memory of the host/],
    ['connect: test:///default', /:3:10: connect cannot change while ballast runs: restart it/],
    ['dry-run: true', /:3:10: dry-run cannot change while ballast runs/],
    ['restore: false', /:3:10: restore cannot change while ballast runs/],
    ['metrics: 0', /:3:10: metrics cannot change while ballast runs/],
    ['serve: 0', /:3:8: serve cannot change while ballast runs/],
    ['serve-token: /x', /:3:14: serve-token cannot change while ballast runs/],
    ['notify: { program: /bin/true }', /:3:9: notify cannot change while ballast runs/],
    ['ballooning: none', /:3:13: ballooning cannot become, or cease to be, none while ballast runs/],
  ])('with %j, which cannot be taken up, keeps the present one', async (text, expected) => {
    configure('')
    const run = start(simulate(scenarios.A3()))
    await run.says('stdout', /first sample/)
    configure(`${text}\n`)
    run.hangUp()
    await run.says('stderr', /configuration not reloaded/)
    expect(run.written.stderr).toMatch(expected)
    expect(await run.end()).toBe(0)
  })

  it('does not make --ticks begin anew', async () => {
    configure('')
    const run = start(simulate(scenarios.A3()), '--ticks', '100', '--json')
    await run.says('stdout', /\n/)
    run.hangUp()
    expect(await run.ended).toBe(0)
    expect(run.written.stderr).toContain('reloaded')
    const beats = run.written.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(beats.filter(({ cause }) => cause === 'interval')).toHaveLength(100)
    expect(beats.filter(({ index }) => index === 0)).toHaveLength(2)
  })

  it('may come many times at once', async () => {
    configure('')
    const run = start(simulate(scenarios.A3()))
    await run.says('stdout', /first sample/)
    for (let i = 0; i < 5; i++) run.hangUp()
    await run.says('stderr', /reloaded/)
    configure('interval: 1\n') // twice: a mistake
    run.hangUp()
    await run.says('stderr', /configuration not reloaded/)
    configure('log: json\n')
    run.hangUp()
    await run.says('stdout', /"event":"first-sample"/)
    expect(await run.end()).toBe(0)
  })
})
