import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { deliver } from '../../../lib/cli/notify/deliver.ts'
import { eventually } from '../../libvirt/eventually.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-deliver-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let scripts = 0

/** A program that is run by the shell. */
function script(text: string): { readonly kind: 'program'; readonly path: string } {
  const path = join(directory, `script-${scripts++}`)
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return { kind: 'program', path }
}

const file = (name: string) => join(directory, name)
const { signal } = new AbortController()

function isAlive(pid: number): boolean {
  try {
    // A zombie has ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a program that is told', () => {
  it('reads the message on stdin', async () => {
    await deliver(script(`cat > ${file('message')}`), '{"a":1}', signal)
    expect(readFileSync(file('message'), 'utf8')).toBe('{"a":1}\n')
  })

  it('may leave it unread, however long it is', async () => {
    await deliver(script('exit 0'), 'x'.repeat(1e6), signal)
  })

  it.each([
    ['exit 3', 'exit code 3'],
    ['echo first >&2; echo no mail server >&2; exit 75', 'exit code 75: no mail server'],
    ['kill -9 $$', 'it was ended by SIGKILL'],
  ])('fails by its code: %s', async (text, message) => {
    await expect(deliver(script(text), '{}', signal)).rejects.toThrow(new Error(message))
  })

  it('fails when it is not there, or is no program', async () => {
    await expect(deliver({ kind: 'program', path: file('none') }, '{}', signal)).rejects.toThrow('ENOENT')
    writeFileSync(file('text'), 'x')
    await expect(deliver({ kind: 'program', path: file('text') }, '{}', signal)).rejects.toThrow('EACCES')
  })

  it('that hangs is ended with what it has started', async () => {
    const pids = file('pids')
    const hanging = script(
      `trap '' TERM INT\nsleep 1000 &\necho $$ $! > ${pids}.new; mv ${pids}.new ${pids}; wait; sleep 1000`,
    )
    const cut = new AbortController()
    const delivered = deliver(hanging, '{}', cut.signal)
    await eventually(() => expect(existsSync(pids)).toBe(true))
    const [own = 0, child = 0] = readFileSync(pids, 'utf8').trim().split(' ').map(Number)
    expect([isAlive(own), isAlive(child)]).toEqual([true, true])
    cut.abort(new Error('no answer within 10 s'))
    await expect(delivered).rejects.toThrow('no answer within 10 s')
    await eventually(() => expect([isAlive(own), isAlive(child)]).toEqual([false, false]))
  })
})

describe('an address that is told', () => {
  async function posted(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=1`)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('gets the message as JSON by POST', async () => {
    const seen: unknown[] = []
    const take: RequestListener = async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      seen.push(request.method, request.url, request.headers['content-type'], body)
      response.writeHead(204).end()
    }
    await posted(take, (url) => deliver({ kind: 'url', url }, '{"a":1}', signal))
    expect(seen).toEqual(['POST', '/hook?token=1', 'application/json', '{"a":1}'])
  })

  it.each([500, 404, 302])('fails with status %i', async (status) => {
    const answer: RequestListener = (_, response) => {
      response.writeHead(status, { Location: 'http://127.0.0.1:1/' }).end('x')
    }
    await posted(answer, async (url) => {
      await expect(deliver({ kind: 'url', url }, '{}', signal)).rejects.toThrow(
        new Error(`HTTP status ${status}`),
      )
    })
  })

  it('fails when nothing listens there, with the reason', async () => {
    let url = ''
    await posted(
      () => undefined,
      async (free) => {
        url = free
      },
    )
    await expect(deliver({ kind: 'url', url }, '{}', signal)).rejects.toThrow('ECONNREFUSED')
  })

  it('that hangs is cut off', async () => {
    const cut = new AbortController()
    const hang: RequestListener = () => cut.abort(new Error('no answer within 10 s'))
    await posted(hang, async (url) => {
      await expect(deliver({ kind: 'url', url }, '{}', cut.signal)).rejects.toThrow('no answer within 10 s')
    })
  })
})
