import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endsWithUs } from '../ends-with-us.ts'

type Answer<R> = { readonly result: R } | { readonly error: string }

/** What a process is asked for. */
interface Asked {
  readonly contest: string
  readonly policy: string
}

/**
 * Runs entries in `size` processes of the program `worker`, each the next one that is left. `done` is called with
 * each result as it comes; rejects with the first failure. No process outlives it, nor this one.
 */
export async function runAll<E extends Asked, R>(
  worker: URL,
  entries: readonly E[],
  size: number,
  done: (result: R) => void,
): Promise<void> {
  const left = [...entries]
  const workers = Array.from({ length: Math.min(size, entries.length) }, () => {
    const child = fork(fileURLToPath(worker), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    endsWithUs(child)
    return child
  })
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let entry = left.shift(); entry; entry = left.shift()) done(await ask<R>(worker, entry))
      }),
    )
  } finally {
    for (const worker of workers) worker.disconnect()
  }
}

function ask<R>(worker: ChildProcess, entry: Asked): Promise<R> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`A worker ended at ${entry.contest}, ${entry.policy}`))
    worker.once('exit', ended)
    worker.once('message', (answer: Answer<R>) => {
      worker.off('exit', ended)
      if ('result' in answer) resolve(answer.result)
      else reject(new Error(answer.error))
    })
    worker.send(entry)
  })
}
