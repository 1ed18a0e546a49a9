import { constants } from 'node:os'
import { note, type Stop } from './world.ts'

/**
 * The signal that ends a command cleanly: aborted by the first Ctrl-C or SIGTERM, and when nobody reads
 * stdout any more (`| head`). The second Ctrl-C or SIGTERM ends the process at once, as if it were the first.
 */
export function stopSignal(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController()
  const stop = (reason: Stop) => controller.abort(reason)
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + constants.signals[name])
      note(process, 'finishing what has begun, then stopping; once more to stop at once')
      stop(name)
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    stop('EPIPE')
  })
  return controller.signal
}
