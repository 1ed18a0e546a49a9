import { BallastError, type ErrorCode } from '../host/errors.ts'

/**
 * What a Host rejected with, as a `BallastError`. A Host promises nothing else; whatever one throws in spite
 * of it is kept as the cause.
 */
export function asBallastError(error: unknown): BallastError {
  if (error instanceof BallastError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new BallastError('ERR_INVALID_ARGUMENT', message, { cause: error })
}

/** After these nobody knows whether the call did something. */
const open: ReadonlySet<ErrorCode> = new Set(['ERR_TIMEOUT', 'ERR_DISCONNECTED'])

/** Whether a call that failed so may have done what it was to do, or may still do it. */
export function isOutcomeOpen(error: BallastError): boolean {
  return open.has(error.code)
}

const fatal: ReadonlySet<ErrorCode> = new Set(['ERR_CONNECTION_LOST', 'ERR_ALREADY_CLOSED'])

/** Whether after this error no call to the host can succeed any more. */
export function endsConnection(error: BallastError): boolean {
  return fatal.has(error.code)
}
