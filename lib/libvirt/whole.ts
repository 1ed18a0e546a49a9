import { BallastError } from '../host/errors.ts'

/** @throws BallastError with `ERR_INVALID_ARGUMENT` unless `value` is a whole number from `least` on. */
export function assertWhole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new BallastError(
      'ERR_INVALID_ARGUMENT',
      `Expected ${what} to be a whole number from ${least}, got ${value}`,
    )
  }
}
