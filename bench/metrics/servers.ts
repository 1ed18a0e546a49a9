import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { programOf, unpack } from '../../scripts/unpacked.mjs'
import { freePort } from '../../test/support/free-port.ts'
import { currentTree } from '../baseline.ts'
import { endsWithUs } from '../ends-with-us.ts'
import { guestsIn, scrape } from './scrape.ts'

/** What serves metrics of a host. */
export interface Server extends AsyncDisposable {
  readonly port: number
}

/** Milliseconds that a server has to begin, and for one answer while all is well. */
export const patience = 120_000

/** The compiled `ballast run` as a dry run, with metrics. */
export async function startBallast(uri: string): Promise<Server> {
  const program = join(currentTree, 'dist/cli/main.js')
  if (!existsSync(program)) throw new Error('Build it first: npm run build:gyp && npm run build:ts')
  const directory = await mkdtemp(join(tmpdir(), 'ballast-metrics-'))
  const args = [
    'run',
    '2',
    '--dry-run',
    '--connect',
    uri,
    '--metrics',
    '0',
    '--journal',
    join(directory, 'journal'),
  ]
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  endsWithUs(child)
  const end = async () => {
    await ended(child)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    return { port: await portOf(child), [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

/** The port that it says its metrics are at. */
function portOf({ stderr }: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let last = ''
    const lines = createInterface({ input: stderr! })
    lines.on('line', (line) => {
      last = line
      const port = /metrics at http:\/\/127\.0\.0\.1:(\d+)\/metrics/.exec(line)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    lines.on('close', () => reject(new Error(`ballast run ended: ${last}`)))
  })
}

/** Debian's exporter. */
export async function startExporter(uri: string): Promise<Server> {
  const name = 'prometheus-libvirt-exporter'
  if (programOf(name) === undefined) unpack(name)
  const port = await freePort()
  const args = ['--libvirt.uri', uri, '--web.listen-address', `127.0.0.1:${port}`]
  const child = spawn(programOf(name)!, args, { stdio: ['ignore', 'ignore', 'ignore'] })
  endsWithUs(child)
  return { port, [Symbol.asyncDispose]: () => ended(child) }
}

/** Waits until a server shows so many guests. */
export async function shows({ port }: Server, guests: number): Promise<void> {
  const deadline = performance.now() + patience
  for (;;) {
    const answer = await scrape(port, patience).catch(() => undefined)
    const seen = answer && guestsIn(answer).size
    if (seen === guests) return
    if (performance.now() > deadline)
      throw new Error(`port ${port} shows ${seen ?? 'no'} guests, not ${guests}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Of an exporter that hangs in a call nothing else is to be heard. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}
