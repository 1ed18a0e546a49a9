import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { currentTree } from './baseline.ts'
import { endsWithUs } from './ends-with-us.ts'
import { type Spread, spreadOf } from './spread.ts'

/** MiB that `ballast run` may have resident after its first five ticks. */
export const footprintLimitMiB = 65
const ticks = 5

export interface FootprintFigures {
  readonly bench: 'footprint'
  readonly passed: boolean
  readonly turns: number
  readonly limitMiB: number
  readonly node: string
  /** Resident memory (VmRSS) in MiB. */
  readonly ballastMiB: Spread
  /** The same of a Node that does nothing. */
  readonly bareNodeMiB: Spread
}

/** Measures the resident memory of the compiled `ballast run` on libvirt's test driver beside that of a bare Node, in turn. */
export async function measureFootprint(
  turns: number,
  log: (line: string) => void,
): Promise<FootprintFigures> {
  const program = join(currentTree, 'dist/cli/main.js')
  if (!existsSync(program) || !existsSync(join(currentTree, 'build/Release'))) {
    throw new Error('Build it first: npm run build:gyp && npm run build:ts')
  }
  const ballast: number[] = []
  const bare: number[] = []
  for (let turn = 1; turn <= turns; turn++) {
    log(`turn ${turn} of ${turns}`)
    ballast.push(await ballastMiB(program))
    bare.push(await bareNodeMiB())
  }
  const figures = { ballastMiB: spreadOf(ballast), bareNodeMiB: spreadOf(bare) }
  const passed = figures.ballastMiB.median <= footprintLimitMiB
  const { version: node } = process
  return { bench: 'footprint', passed, turns, limitMiB: footprintLimitMiB, node, ...figures }
}

/** The figures of the footprint for people. */
export function footprintTable(figures: FootprintFigures): string {
  const { ballastMiB, bareNodeMiB, turns, limitMiB, node, passed } = figures
  return [
    `Resident memory in MiB, median of ${turns} turns, Node ${node}`,
    `  ballast run after ${ticks} ticks  ${ballastMiB.median.toFixed(1)} (${ballastMiB.least.toFixed(1)}-${ballastMiB.most.toFixed(1)})`,
    `  a bare Node              ${bareNodeMiB.median.toFixed(1)} (${bareNodeMiB.least.toFixed(1)}-${bareNodeMiB.most.toFixed(1)})`,
    `At most ${limitMiB} MiB: ${passed ? 'met' : 'MISSED'}`,
  ].join('\n')
}

async function ballastMiB(program: string): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'ballast-footprint-'))
  const journal = join(directory, 'journal')
  const args = [program, 'run', '1', '--json', '--connect', 'test:///default', '--journal', journal]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  endsWithUs(child)
  try {
    let seen = 0
    for await (const _ of createInterface({ input: child.stdout })) if (++seen === ticks) break
    if (seen < ticks) throw new Error(`ballast run ended after ${seen} ticks`)
    return await residentMiB(child)
  } finally {
    await end(child)
    await rm(directory, { recursive: true, force: true })
  }
}

async function bareNodeMiB(): Promise<number> {
  const program = "console.log('up'); setInterval(() => {}, 1_000)"
  const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  endsWithUs(child)
  try {
    for await (const _ of createInterface({ input: child.stdout })) break
    await promisify(setTimeout)(1_000)
    return await residentMiB(child)
  } finally {
    await end(child)
  }
}

async function residentMiB({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
