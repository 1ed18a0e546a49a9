import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'

/** How a child process ended and what it printed. */
export interface ChildResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * What a process holds grows in steps while the young generation of the heap and the allocator's arenas grow to their
 * bounds. Small bounds are reached soon, and what grows after that is a leak.
 */
const flags = ['--expose-gc', '--max-semi-space-size=1']

/** Runs one of the programs in `children/` in a Node of its own. */
export async function runChild(name: string, args: readonly string[] = []): Promise<ChildResult> {
  const child = spawn(
    process.execPath,
    [...flags, `${inject('compiled')}/test/libvirt/children/${name}.js`, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', MALLOC_ARENA_MAX: '2' },
    },
  )
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { code, signal, stdout, stderr }
}
