import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'

/** Where a program is, in PATH and where daemons are. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

/** Why a peer's program cannot be had, in one line. */
export function missing(name: string): string | undefined {
  if (findProgram(name)) return undefined
  return `${name} is not installed: npm run bench -- peers --world debian13 has it`
}

/** Starts a program that stays, with its output in a file; it is ended by its pid, and its end is waited for. */
export async function startProgram(
  command: readonly string[],
  log: string,
  env: Readonly<Record<string, string>> = {},
): Promise<AsyncDisposable> {
  const output = openSync(log, 'a')
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', output, output],
    env: { ...process.env, LC_ALL: 'C', ...env },
  })
  await once(child, 'spawn')
  return { [Symbol.asyncDispose]: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(patience)
}
