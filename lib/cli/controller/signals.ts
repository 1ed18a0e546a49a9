import { constants } from 'node:os'
import { type CliContext, logNotice, type StopReason } from '../context.ts'
import { endProcess } from '../end-process.ts'

/**
 * The signal that ends a command cleanly: aborted by the first Ctrl-C or SIGTERM, by SIGHUP when nothing else listens
 * to that (its terminal has gone), and when `outputs` cannot be written to: nothing reads them any more (`| head`), or
 * their disk is full. The second Ctrl-C or SIGTERM ends the process at once, as if it were the first.
 */
export function stopSignal(
  process: NodeJS.Process,
  outputs: Pick<CliContext, 'stdout' | 'stderr'> = process,
): AbortSignal {
  const controller = new AbortController()
  const stop = (reason: StopReason) => controller.abort(reason)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const end = () => {
      if (name === 'SIGHUP' && process.listenerCount(name) > 1) return
      if (controller.signal.aborted) return endProcess(process, 128 + constants.signals[name])
      logNotice(outputs, 'finishing what has begun, then stopping; once more to stop at once')
      stop(name)
    }
    process.on(name, end)
  }
  for (const output of [outputs.stdout, outputs.stderr]) output.on('error', () => stop('EPIPE'))
  return controller.signal
}

/** {@link CliContext.onHangup} of a process. */
export function hangups(process: NodeJS.Process): CliContext['onHangup'] {
  return (listener) => {
    process.on('SIGHUP', listener)
    return () => process.off('SIGHUP', listener)
  }
}
