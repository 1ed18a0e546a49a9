/**
 * Resolves to what `promise` resolves to, and to undefined as soon as `signal` is aborted. The promise is then left to
 * itself, its rejection included: it must be one that does no harm unattended.
 */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => resolve(undefined)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise
      .then((value) => resolve(signal.aborted ? undefined : value), reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
