import { connect } from 'node:net'
import type { RunningController } from '../../control/host-lock/host-lock.ts'
import { describeOwner } from '../../control/host-lock/owner.ts'
import { BallastError, type ErrorCode } from '../../host/errors.ts'
import type { Entry } from '../../recording/entries.ts'
import { jsonObject } from '../../util/json-object.ts'
import type { Past } from './past.ts'
import { type Question, questionVersion } from './protocol.ts'

/** Milliseconds without a word from a controller, after which it is taken to hang. */
const patience = 10_000
/** Bytes of the longest answer that is read; a controller remembers a tenth of it. */
const longestAnswer = 64 * 2 ** 20

/**
 * What a running controller remembers. Rejects with `ERR_PERMISSION_DENIED` where this user may not ask, `ERR_NOT_SUPPORTED` for
 * an older controller, `ERR_TIMEOUT` for one that does not answer, and `ERR_RECORDING` for what is no whole answer.
 */
export async function askController({ owner, socketPath }: RunningController): Promise<Past> {
  const who = `The controller ${describeOwner(owner)}`
  const failed = (code: ErrorCode, what: string) => new BallastError(code, `${who} ${what}`)
  if (owner.answers === undefined) {
    const cure = 'restart it with this one, or give --recording with what it records'
    throw failed('ERR_NOT_SUPPORTED', `cannot be asked: its Ballast is older, or it has no socket; ${cure}`)
  }
  const question: Question = { ask: 'history', version: Math.min(owner.answers, questionVersion) }
  const lines = await linesFrom(socketPath, `${JSON.stringify(question)}\n`, failed)
  const [first = '', ...rest] = lines
  const { error, since, wholeSince } = jsonObject(first) ?? {}
  if (typeof error === 'string') throw failed('ERR_NOT_SUPPORTED', `refuses the question: ${error}`)
  if (jsonObject(rest.pop() ?? '')?.end !== true) {
    throw failed('ERR_RECORDING', 'broke off its answer: it has ended, or others ask it too; try again')
  }
  return {
    problems: [],
    since: typeof since === 'number' ? since : undefined,
    wholeSince: typeof wholeSince === 'number' ? wholeSince : undefined,
    entries: entriesIn(rest),
  }
}

async function* entriesIn(lines: readonly string[]): AsyncGenerator<Entry, void, undefined> {
  for (const line of lines) yield JSON.parse(line) as Entry
}

/** The lines of an answer. */
function linesFrom(
  path: string,
  question: string,
  failed: (code: ErrorCode, what: string) => BallastError,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => void socket.write(question))
    const pieces: Buffer[] = []
    let bytes = 0
    socket.setTimeout(patience, () => {
      const seconds = patience / 1_000
      socket.destroy(failed('ERR_TIMEOUT', `has not answered for ${seconds} s: it hangs, or is overloaded`))
    })
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > longestAnswer) socket.destroy(failed('ERR_RECORDING', 'gives an answer without an end'))
    })
    socket.on('end', () => resolve(Buffer.concat(pieces).toString('utf8').trimEnd().split('\n')))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof BallastError) reject(error)
      else if (error.code === 'EACCES') {
        reject(
          failed('ERR_PERMISSION_DENIED', 'may be asked by its own user, by root and by the group libvirt'),
        )
      } else if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') {
        reject(failed('ERR_TIMEOUT', 'does not answer: it is just starting or ending; try again'))
      } else reject(failed('ERR_RECORDING', `broke off its answer: ${error.message}`))
    })
  })
}
