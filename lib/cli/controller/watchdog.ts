import { loadNative } from '../../addon/load-native.ts'

/**
 * Ends the process, by SIGABRT and with one line on stderr, once this thread has not come back to its event loop for `limit`
 * milliseconds: a policy that never returns cannot be stopped from within. All changes are made from this
 * thread, so nothing is changed meanwhile. The watch lasts until it is disposed of. A process that was stopped as a whole
 * (SIGSTOP, a frozen machine) has most of the limit to come back in when it goes on.
 */
export function endWhenHung(limit: number): Disposable {
  const farewell =
    `ballast: hung for ${Math.round(limit / 1_000)} s, as by a policy that never returns: ended; ` +
    'guests stay as they are, "ballast restore" restores them\n'
  const watchdog = loadNative().watch(limit, farewell)
  const timer = setInterval(() => watchdog.ping(), Math.min(1_000, limit / 10)).unref()
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      watchdog.stop()
    },
  }
}
