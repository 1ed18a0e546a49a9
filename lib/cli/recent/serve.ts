import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { RecentTicks } from '../../recording/recent-ticks.ts'
import { version } from '../version.ts'
import {
  type AnswerEnd,
  type AnswerError,
  type AnswerHeader,
  longestQuestion,
  parseQuestion,
  questionVersion,
} from './protocol.ts'

/** Mode of the socket, as that of the lock file beside it; who may ask, may write to it. */
const socketMode = 0o660

/** Connections at a time, milliseconds for a question, and for whoever reads an answer slowly. */
const limits = { connections: 4, question: 5_000, answer: 30_000 }

/**
 * Answers questions about the recent past at a Unix socket until disposed of: from memory, without a call to the host. What an
 * earlier process left at `path` is replaced: the lock says that it does not run any more. Rejects with what the system says;
 * `report` is told what goes wrong later.
 */
export async function serveRecent(
  path: string,
  recent: Pick<RecentTicks, 'past'>,
  report: (problem: string) => void,
): Promise<AsyncDisposable> {
  const connections = new Set<Socket>()
  const ballast = version()
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    converse(socket, recent, ballast)
  })
  server.maxConnections = limits.connections
  await rm(path, { force: true })
  await listening(server, path)
  await chmod(path, socketMode)
  server.on('error', ({ message }) => report(message))
  // The controller does not wait for it.
  server.unref()
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of connections) socket.destroy()
      }),
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Takes one question, answers it and closes the connection. */
function converse(socket: Socket, recent: Pick<RecentTicks, 'past'>, ballast: string): void {
  let question = ''
  let tooSlow = setTimeout(() => socket.destroy(), limits.question)
  socket.setEncoding('utf8')
  // Whoever leaves early has no more questions.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => clearTimeout(tooSlow))
  socket.on('data', function take(text: string) {
    question += text
    const end = question.indexOf('\n')
    if (end < 0 && question.length <= longestQuestion) return
    socket.off('data', take).resume()
    clearTimeout(tooSlow)
    tooSlow = setTimeout(() => socket.destroy(), limits.answer)
    answer(socket, question.slice(0, end < 0 ? longestQuestion : end), recent, ballast)
  })
}

function answer(socket: Socket, line: string, recent: Pick<RecentTicks, 'past'>, ballast: string): void {
  const question = parseQuestion(line)
  if (typeof question === 'string') {
    socket.end(lineOf({ error: question }))
    return
  }
  const { lines, since, wholeSince } = recent.past()
  const known = { ...(since !== undefined && { since }), ...(wholeSince !== undefined && { wholeSince }) }
  // In few calls to the kernel, and without a copy: these pieces are the memory of the past itself.
  socket.cork()
  socket.write(lineOf({ ballastHistory: questionVersion, ballast, ...known }))
  for (const piece of lines) socket.write(piece)
  socket.end(lineOf({ end: true }))
}

function lineOf(value: AnswerHeader | AnswerError | AnswerEnd): string {
  return `${JSON.stringify(value)}\n`
}
