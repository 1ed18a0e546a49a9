import type { RunningController } from '../../control/host-lock/host-lock.ts'
import type { Entry } from '../../recording/entries.ts'
import { jsonObject } from '../../util/json-object.ts'
import type { Past } from './past.ts'
import { type PutQuestion, putQuestion } from './question.ts'

/** Bytes of the longest answer that is read; a controller remembers a tenth of it. */
const longestAnswer = 64 * 2 ** 20

/**
 * What a running controller remembers. Rejects with `ERR_PERMISSION_DENIED` where this user may not ask, `ERR_NOT_SUPPORTED` for
 * an older controller, `ERR_TIMEOUT` for one that does not answer, and `ERR_RECORDING` for what is no whole answer.
 */
export async function askController(controller: RunningController): Promise<Past> {
  const put = putQuestion(controller, 'history')
  const [first = '', ...rest] = await linesOf(put)
  const { error, since, wholeSince } = jsonObject(first) ?? {}
  if (typeof error === 'string') throw put.failed('ERR_NOT_SUPPORTED', `refuses the question: ${error}`)
  if (jsonObject(rest.pop() ?? '')?.end !== true) {
    throw put.failed('ERR_RECORDING', 'broke off its answer: it has ended, or others ask it too; try again')
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

/** The lines of an answer that has an end. */
function linesOf({ socket, failed, because }: PutQuestion): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let bytes = 0
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > longestAnswer) socket.destroy(failed('ERR_RECORDING', 'gives an answer without an end'))
    })
    socket.on('end', () => resolve(Buffer.concat(pieces).toString('utf8').trimEnd().split('\n')))
    socket.on('error', (error) => reject(because(error)))
  })
}
