import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Followers } from '../../../lib/cli/recent/followers.ts'
import { serveRecent } from '../../../lib/cli/recent/serve.ts'
import { eventually } from '../../support/eventually.ts'

const question = `${JSON.stringify({ ask: 'history', version: 1 })}\n`
/** More than the socket and the kernel take without a reader. */
const large = Buffer.from(`"${'x'.repeat(1_000)}"\n`.repeat(8_000))

describe('the socket of a controller, with people who are slow', () => {
  let directory: string
  let server: AsyncDisposable
  const sockets: Socket[] = []

  const serve = async (lines: readonly Buffer[]) => {
    const past = () => ({ lines, since: 1, wholeSince: 1 })
    const path = join(directory, 'socket')
    server = await serveRecent(path, { recent: { past }, followers: new Followers() }, () => {})
    return () => {
      const socket = connect(path).on('error', () => {})
      sockets.push(socket)
      return socket
    }
  }
  const answerTo = async (socket: Socket) => {
    socket.write(question)
    // One that is cut off may not get its question across.
    return (await text(socket).catch(() => '')).trimEnd().split('\n')
  }

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    directory = await mkdtemp(join(tmpdir(), 'ballast-recent-'))
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await server[Symbol.asyncDispose]()
    vi.useRealTimers()
    await rm(directory, { recursive: true })
  })

  it('waits 5 s for a question, and answers others meanwhile', async () => {
    const open = await serve([Buffer.from('{"a":1}\n')])
    const slow = open()
    slow.write('{"ask":')
    expect(await answerTo(open())).toHaveLength(3)
    expect(slow.destroyed).toBe(false)
    vi.advanceTimersByTime(5_000)
    slow.resume()
    await once(slow, 'close')
  })

  it('waits 30 s for somebody who does not read, and answers others meanwhile', async () => {
    const open = await serve([large])
    const stuck = open()
    stuck.write(question)
    await once(stuck, 'readable')
    expect((await answerTo(open())).at(-1)).toBe('{"end":true}')
    vi.advanceTimersByTime(30_000)
    // What the kernel took can be read; the rest never comes.
    const got = await text(stuck)
    expect(got.length).toBeLessThan(large.length)
    expect(got).not.toContain('"end"')
  })

  it('has four who ask at a time; a fifth is cut off at once', async () => {
    const open = await serve([large])
    const stuck = Array.from({ length: 4 }, open)
    for (const socket of stuck) {
      socket.write(question)
      await once(socket, 'readable')
    }
    expect(await text(open())).toBe('')
    stuck[0]!.destroy()
    await eventually(async () => expect((await answerTo(open())).at(-1)).toBe('{"end":true}'))
  })
})
