import { expect } from 'vitest'
import { BallastError, LibvirtError } from '../../lib/host/errors.ts'

/** The error that a call is expected to reject with; its message is one clear line. */
export async function failureOf(call: Promise<unknown>): Promise<BallastError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(BallastError)
  const failure = error as BallastError
  expect(failure.message).toMatch(/^\S[^\n]+\S$/)
  return failure
}

/** The same for an error that libvirt reported. */
export async function libvirtFailureOf(call: Promise<unknown>): Promise<LibvirtError> {
  const failure = await failureOf(call)
  expect(failure).toBeInstanceOf(LibvirtError)
  return failure as LibvirtError
}
