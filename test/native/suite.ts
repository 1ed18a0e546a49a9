import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compiled, linked } from '../../scripts/object-cache.mjs'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

export type Sanitizer = 'address' | 'thread'

const sanitizerFlags: Record<Sanitizer, readonly string[]> = {
  address: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  thread: ['-fsanitize=thread'],
}

/** A program of C++ tests (see check.h), compiled under a sanitizer. */
export interface Suite {
  /** Names of its tests. */
  readonly tests: readonly string[]
  /** Runs one of them in a process of its own; rejects with what it printed when it fails. */
  runTest(name: string): Promise<void>
  /** Removes what compiling and running left. */
  remove(): void
}

/** The files in a folder of the checkout whose names match. */
export function sources(folder: string, name: RegExp): string[] {
  const files = readdirSync(join(root, folder)).filter((file) => name.test(file))
  return files.sort().map((file) => join(root, folder, file))
}

/** Compiles a suite; warnings are errors. Undefined when a program of this sanitizer cannot run on this machine. */
export async function compileSuite(
  sanitizer: Sanitizer,
  files: readonly string[],
): Promise<Suite | undefined> {
  // In memory where there is such a place: the fake /proc trees of the tests are made here too, and not
  // every file system counts a directory's links as /proc does.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ballast-native-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  const env = {
    ...process.env,
    TMPDIR: directory,
    TSAN_OPTIONS: 'atexit_sleep_ms=0 halt_on_error=1',
  }
  const program = await compile(sanitizerFlags[sanitizer], files).catch((error: unknown) => {
    remove()
    throw error
  })
  const execute = async (args: string[]) => {
    const { stdout } = await run(program, args, { env })
    return stdout
  }
  let listed: string
  try {
    listed = await execute([])
  } catch (error) {
    remove()
    // ThreadSanitizer runs only where the kernel spreads addresses no wider than it expects.
    if (String((error as { stderr?: unknown }).stderr).includes('unexpected memory mapping')) return undefined
    throw error
  }
  return {
    tests: listed.trim().split('\n'),
    async runTest(name) {
      try {
        await execute([name])
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string }
        throw new Error(`${stdout}${stderr}`.trim() || String(error))
      }
    },
    remove,
  }
}

/** Compiles and links a program; gives its path. What was made of the same sources before is used again. */
async function compile(sanitizer: readonly string[], files: readonly string[]): Promise<string> {
  const flags = ['-std=c++17', '-g1', '-Wall', '-Wextra', '-Werror', ...sanitizer]
  const waiting = [...files.entries()]
  const objects: string[] = []
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      objects[next[0]] = await compiled('g++', flags, next[1])
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return linked('g++', sanitizer, objects)
}
