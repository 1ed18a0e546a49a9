import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '../../lib/cli/program.ts'
import type { Clock } from '../../lib/host/host.ts'
import { type Scenario, simulate } from '../../lib/simulation/index.ts'
import { withMembers } from '../unit/cli/test-context.ts'

/** A command that serves the page, until disposed of. */
export interface Served extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string
  /** What it has written to stderr. */
  log(): string
}

/** `ballast run --serve` on a simulated host whose time passes `speed` times as fast as ours. */
export async function serveSimulated(
  scenario: Scenario,
  { speed = 1, args = [] }: { readonly speed?: number; readonly args?: readonly string[] } = {},
): Promise<Served> {
  const host = simulate(scenario)
  const connect = async () => withMembers(host, { clock: paced(host.clock, speed) })
  const directory = mkdtempSync(join(tmpdir(), 'ballast-page-'))
  const journal = join(directory, 'journal')
  const served = await serve(connect, ['run', '--serve', '0', '--journal', journal, ...args])
  return {
    ...served,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Runs a command that serves the page, and waits until it does. Rejects with what it writes when it does not. */
export async function serve(
  connect: Parameters<typeof main>[1]['connect'],
  args: readonly string[],
): Promise<Served> {
  let written = ''
  let begun: () => void = () => undefined
  const isServing = new Promise<void>((resolve) => {
    begun = resolve
  })
  const url = () => /page at (http:\/\/[^\s/]+\/)/.exec(written)?.[1]
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      if (url()) begun()
      done()
    },
  })
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done() })
  const stop = new AbortController()
  const ended = main(args, {
    connect,
    env: {},
    stdout,
    stderr,
    signal: stop.signal,
    onHangup: () => () => {},
  })
  await Promise.race([isServing, ended])
  const found = url()
  if (!found) throw new Error(`it serves nothing: ${written}`)
  return {
    url: found,
    log: () => written,
    async [Symbol.asyncDispose]() {
      stop.abort('SIGTERM')
      await ended
    },
  }
}

function paced(clock: Clock, speed: number): Clock {
  return {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    async sleepUntil(time, signal) {
      const left = time - clock.now()
      if (left > 0) await sleep(left / speed, undefined, signal ? { signal } : {})
      await clock.sleepUntil(time, signal)
    },
  }
}
