import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Entry, Result } from './run.ts'

type Answer = { readonly result: Result } | { readonly error: string }

/**
 * Runs entries in `size` processes of their own, each the next one that is left. `done` is called with each
 * result as it comes; rejects with the first failure. No process outlives it.
 */
export async function runAll(
  entries: readonly Entry[],
  size: number,
  done: (result: Result) => void,
): Promise<void> {
  const left = [...entries]
  const workers = Array.from({ length: Math.min(size, entries.length) }, () =>
    fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  )
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let entry = left.shift(); entry; entry = left.shift()) done(await ask(worker, entry))
      }),
    )
  } finally {
    for (const worker of workers) worker.disconnect()
  }
}

function ask(worker: ChildProcess, entry: Entry): Promise<Result> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`A worker ended at ${entry.contest}, ${entry.policy}`))
    worker.once('exit', ended)
    worker.once('message', (answer: Answer) => {
      worker.off('exit', ended)
      if ('result' in answer) resolve(answer.result)
      else reject(new Error(answer.error))
    })
    worker.send(entry)
  })
}
