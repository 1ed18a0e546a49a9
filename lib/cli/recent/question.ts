import { connect, type Socket } from 'node:net'
import type { RunningController } from '../../control/host-lock/host-lock.ts'
import { describeOwner } from '../../control/host-lock/owner.ts'
import { BallastError, type ErrorCode } from '../../host/errors.ts'
import { isAnswered, type Question, questionVersion } from './protocol.ts'

/** Milliseconds without a word from a controller, after which it is taken to hang. */
const patience = 10_000

/** A question that was put to a controller. */
export interface PutQuestion {
  /** Destroyed with `ERR_TIMEOUT` when the controller says nothing for too long, until its timeout is set to 0. */
  readonly socket: Socket
  /** An error about this controller. */
  failed(code: ErrorCode, what: string): BallastError
  /** What `socket` failed by, as an error about this controller. */
  because(error: NodeJS.ErrnoException): BallastError
}

/** Asks a controller. Throws `ERR_NOT_SUPPORTED` when it is too old for the question. */
export function putQuestion({ owner, socketPath }: RunningController, ask: Question['ask']): PutQuestion {
  const who = `The controller ${describeOwner(owner)}`
  const failed = (code: ErrorCode, what: string) => new BallastError(code, `${who} ${what}`)
  const { answers } = owner
  if (answers === undefined || !isAnswered(ask, answers)) {
    const cause = answers === undefined ? 'its Ballast is older, or it has no socket' : 'its Ballast is older'
    const cure = 'restart it with this one, or give --recording with what it records'
    throw failed(
      'ERR_NOT_SUPPORTED',
      `cannot be ${ask === 'follow' ? 'followed' : 'asked'}: ${cause}; ${cure}`,
    )
  }
  const question: Question = { ask, version: Math.min(answers, questionVersion) }
  const socket = connect(socketPath, () => void socket.write(`${JSON.stringify(question)}\n`))
  socket.setTimeout(patience, () => {
    const seconds = patience / 1_000
    socket.destroy(failed('ERR_TIMEOUT', `has not answered for ${seconds} s: it hangs, or is overloaded`))
  })
  const because = (error: NodeJS.ErrnoException) => {
    if (error instanceof BallastError) return error
    if (error.code === 'EACCES') {
      return failed('ERR_PERMISSION_DENIED', 'may be asked by its own user, by root and by the group libvirt')
    }
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') {
      return failed('ERR_TIMEOUT', 'does not answer: it is just starting or ending; try again')
    }
    return failed('ERR_RECORDING', `broke off its answer: ${error.message}`)
  }
  return { socket, failed, because }
}
