import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentTree } from '../baseline.ts'
import { endsWithUs } from '../ends-with-us.ts'
import { size } from './large-ticks.ts'

/** Part of a core that `ballast top` may use. */
export const topLimit = 0.05
const windows = [
  { columns: 80, rows: 24 },
  { columns: 300, rows: 100 },
] as const
/** Milliseconds before what counts: the compiler of the engine has done its work by then. */
const warmUp = 20_000
const measured = 30_000
/** Milliseconds of CPU time in a tick of the kernel's clock. */
const clockTick = 10

export interface TopRound {
  readonly columns: number
  readonly rows: number
  /** Part of a core that the process used. */
  readonly core: number
  /** MiB that it has resident. */
  readonly residentMiB: number
}

export interface TopFigures {
  readonly passed: boolean
  readonly limit: number
  readonly rounds: readonly TopRound[]
}

/** Measures the CPU time of the compiled `ballast top` in a terminal of tmux, while it follows a controller of a large host. */
export async function measureTop(log: (line: string) => void): Promise<TopFigures> {
  const program = join(currentTree, 'dist/cli/main.js')
  if (!existsSync(program)) throw new Error('Build it first: npm run build:gyp && npm run build:ts')
  const directory = await mkdtemp(join(tmpdir(), 'ballast-bench-'))
  const uri = `qemu:///system?socket=${directory}/none`
  const controller = spawn(
    process.execPath,
    ['--import', 'tsx', join(currentTree, 'bench/faces/top-controller.ts'), uri],
    { cwd: currentTree, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  endsWithUs(controller)
  try {
    for await (const _ of createInterface({ input: controller.stdout })) break
    const rounds: TopRound[] = []
    for (const window of windows) {
      log(`top in ${window.columns} x ${window.rows}`)
      rounds.push({
        ...window,
        ...(await measureIn(window, directory, [process.execPath, program, 'top', '-c', uri])),
      })
    }
    const passed = rounds.every(({ core }) => core <= topLimit)
    return { passed, limit: topLimit, rounds }
  } finally {
    controller.kill('SIGTERM')
    await rm(directory, { recursive: true, force: true })
  }
}

async function measureIn(
  { columns, rows }: (typeof windows)[number],
  directory: string,
  command: readonly string[],
): Promise<Pick<TopRound, 'core' | 'residentMiB'>> {
  // A server of its own: that of the window before may not have ended yet.
  const socket = join(directory, `tmux-${columns}`)
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    })
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), ...command)
  try {
    const pid = Number(tmux('list-panes', '-F', '#{pane_pid}'))
    await sleep(warmUp)
    const shown = tmux('capture-pane', '-p')
    if (!shown.includes(`${size.guests} guests on ${size.pcpus} pCPUs`))
      throw new Error(`top shows:\n${shown}`)
    const [before, began] = [cpuTime(pid), performance.now()]
    await sleep(measured)
    const core = (cpuTime(pid) - before) / (performance.now() - began)
    return { core, residentMiB: residentMiB(pid) }
  } finally {
    tmux('kill-server')
  }
}

/** Milliseconds of CPU time that a process has used, all its threads together. */
function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return clockTick * (Number(fields[11]) + Number(fields[12]))
}

function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
}
