import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { RecentTicks } from '../../recording/recent-ticks.ts'
import { version } from '../version.ts'
import type { Followers } from './followers.ts'
import {
  type AnswerEnd,
  type AnswerError,
  type AnswerHeader,
  type FollowHeader,
  longestQuestion,
  parseQuestion,
  type Question,
  questionVersion,
} from './protocol.ts'

/** Mode of the socket, as that of the lock file beside it; who may ask, may write to it. */
const socketMode = 0o660

/** Connections at a time without those who follow, milliseconds for a question, and for whoever reads an answer slowly. */
const limits = { asking: 4, question: 5_000, answer: 30_000 }

/** What is answered from. */
export interface Answers {
  readonly recent: Pick<RecentTicks, 'past'>
  readonly followers: Followers
}

/**
 * Answers questions about the recent past and tells new Ticks at a Unix socket until disposed of: from memory, without
 * a call to the host. What an earlier process left at `path` is replaced: the lock says that it does not run any more.
 * Rejects with what the system says; `report` is told what goes wrong later.
 */
export async function serveRecent(
  path: string,
  answers: Answers,
  report: (problem: string) => void,
): Promise<AsyncDisposable> {
  const connections = new Set<Socket>()
  const asking = new Set<Socket>()
  const ballast = version()
  const server = createServer(async (socket) => {
    connections.add(socket)
    asking.add(socket)
    socket.on('close', () => {
      connections.delete(socket)
      asking.delete(socket)
    })
    // Whoever leaves early has no more questions.
    socket.on('error', () => socket.destroy())
    if (asking.size > limits.asking) return socket.destroy()
    const question = await questionOf(socket)
    if (typeof question === 'string') return socket.end(lineOf({ error: question }))
    if (question.ask === 'history') return tellHistory(socket, answers.recent, ballast)
    if (!answers.followers.hasRoom) return socket.end(lineOf({ error: 'too many follow this controller' }))
    asking.delete(socket)
    socket.write(lineOf({ ballastFollow: question.version, ballast }))
    answers.followers.add(socket, question.version)
  })
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

/** The one question of a connection; a text says what is wrong with it. Stays pending where there comes none. */
function questionOf(socket: Socket): Promise<Question | string> {
  return new Promise((resolve) => {
    let question = ''
    const tooSlow = setTimeout(() => socket.destroy(), limits.question)
    socket.setEncoding('utf8')
    socket.on('close', () => clearTimeout(tooSlow))
    socket.on('data', function take(text: string) {
      question += text
      const end = question.indexOf('\n')
      if (end < 0 && question.length <= longestQuestion) return
      socket.off('data', take).resume()
      clearTimeout(tooSlow)
      resolve(parseQuestion(question.slice(0, end < 0 ? longestQuestion : end)))
    })
  })
}

function tellHistory(socket: Socket, recent: Pick<RecentTicks, 'past'>, ballast: string): void {
  const tooSlow = setTimeout(() => socket.destroy(), limits.answer)
  socket.on('close', () => clearTimeout(tooSlow))
  const { lines, since, wholeSince } = recent.past()
  const known = { ...(since !== undefined && { since }), ...(wholeSince !== undefined && { wholeSince }) }
  // In few calls to the kernel, and without a copy: these pieces are the memory of the past itself.
  socket.cork()
  socket.write(lineOf({ ballastHistory: questionVersion, ballast, ...known }))
  for (const piece of lines) socket.write(piece)
  socket.end(lineOf({ end: true }))
}

function lineOf(value: AnswerHeader | AnswerError | AnswerEnd | FollowHeader): string {
  return `${JSON.stringify(value)}\n`
}
