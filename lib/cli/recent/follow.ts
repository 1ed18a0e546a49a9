import type { Socket } from 'node:net'
import type { RunningController } from '../../control/host-lock/host-lock.ts'
import type { ShownTick } from '../../report/shown-tick.ts'
import { jsonObject } from '../../util/json-object.ts'
import { ColumnReader } from './column-reader.ts'
import { type PutQuestion, putQuestion } from './question.ts'

/** Bytes of the longest line that is read: of an older controller a Tick of a thousand guests has 2 MB. */
const longestLine = 64 * 2 ** 20

/** A Tick of a controller that is followed. */
export interface FollowedTick {
  readonly tick: ShownTick
  /** Ticks before it that were left out, since they were not read in time. */
  readonly missed: number
}

/**
 * The last Tick of a running controller, and each one from now on, until it ends or `signal` is aborted. Rejects as
 * `askController` does.
 */
export async function followController(
  controller: RunningController,
  signal: AbortSignal,
): Promise<AsyncGenerator<FollowedTick, void, undefined>> {
  const put = putQuestion(controller, 'follow')
  const close = () => put.socket.destroy()
  signal.addEventListener('abort', close, { once: true })
  put.socket.on('close', () => signal.removeEventListener('abort', close))
  const lines = linesOf(put, signal)
  const first = await lines.next()
  const { error, ballastFollow } = jsonObject(first.value ?? '') ?? {}
  if (typeof error === 'string') {
    close()
    throw put.failed('ERR_NOT_SUPPORTED', `refuses the question: ${error}`)
  }
  if (typeof ballastFollow !== 'number') {
    close()
    throw put.failed('ERR_RECORDING', 'broke off its answer: it has ended, or others ask it too; try again')
  }
  // From here on silence says nothing: the next tick may be minutes away.
  put.socket.setTimeout(0)
  return ticksIn(lines, put)
}

async function* ticksIn(
  lines: AsyncIterable<string>,
  { failed }: PutQuestion,
): AsyncGenerator<FollowedTick, void, undefined> {
  const reader = new ColumnReader()
  let missed = 0
  for await (const text of lines) {
    const line = jsonObject(text)
    if (!line) throw failed('ERR_RECORDING', 'says what is no Tick')
    if (typeof line.missed === 'number') missed += line.missed
    // Whatever a newer controller says beside Ticks is left out.
    const tick = reader.read(line)
    if (!tick) continue
    yield { tick, missed }
    missed = 0
  }
}

/** The lines of an answer that goes on until the connection is closed. */
async function* linesOf(
  { socket, failed, because }: PutQuestion,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  let pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of socket as Socket & AsyncIterable<Buffer>) {
      let begin = 0
      for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, begin)) {
        pieces.push(piece.subarray(begin, end))
        yield Buffer.concat(pieces).toString('utf8')
        pieces = []
        bytes = 0
        begin = end + 1
      }
      pieces.push(piece.subarray(begin))
      bytes += piece.length - begin
      if (bytes > longestLine) throw failed('ERR_RECORDING', 'says a line without an end')
    }
  } catch (error) {
    // A connection that we closed ourselves has just ended.
    if (signal.aborted) return
    throw because(error as NodeJS.ErrnoException)
  } finally {
    socket.destroy()
  }
}

const newline = 0x0a
