import { spawn } from 'node:child_process'
import type { Receiver } from './receiver.ts'

/** Bytes of what a program says on stderr that are kept. */
const mostSaid = 1_024

/** Hands a message to a receiver. Rejects with what went wrong, in one line, or with the reason of `signal`. */
export function deliver(receiver: Receiver, message: string, signal: AbortSignal): Promise<void> {
  return receiver.kind === 'program'
    ? run(receiver.path, message, signal)
    : post(receiver.url, message, signal)
}

/** Runs a program with the message on its stdin. It, and what it has started, ends when `signal` is aborted. */
function run(path: string, message: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    // A group of its own, so that all of it can be ended.
    const child = spawn(path, [], { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
    const settle = (error?: unknown) => {
      signal.removeEventListener('abort', kill)
      child.stderr.destroy()
      if (error) reject(error)
      else resolve()
    }
    const kill = () => {
      if (child.pid !== undefined) endGroup(child.pid)
      settle(signal.reason)
    }
    signal.addEventListener('abort', kill, { once: true })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-mostSaid)
    })
    // One that reads nothing is not wrong for that.
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${message}\n`)
    child.on('error', settle)
    child.on('exit', (code, name) => {
      const why = code === null ? `it was ended by ${name}` : `exit code ${code}`
      const last = said.trimEnd().split('\n').at(-1)
      settle(code === 0 ? undefined : new Error(last ? `${why}: ${last}` : why))
    })
  })
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function post(url: string, message: string, signal: AbortSignal): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'User-Agent': 'ballast' }
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: message,
    signal,
    redirect: 'manual',
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    // What fetch says is that it failed.
    const { cause } = error as Error
    throw cause instanceof Error ? cause : error
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
}
