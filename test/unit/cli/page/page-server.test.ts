import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { ListenAddress } from '../../../../lib/cli/http/address.ts'
import { closed } from '../../../../lib/cli/http/bounded-server.ts'
import { listen } from '../../../../lib/cli/http/listen.ts'
import { eventOf } from '../../../../lib/cli/page/event-stream.ts'
import { PageServer, type PageServerOptions } from '../../../../lib/cli/page/page-server.ts'
import { RequestRate } from '../../../../lib/cli/page/request-rate.ts'
import { servePage } from '../../../../lib/cli/page/serve.ts'
import { readToken } from '../../../../lib/cli/page/token.ts'
import { eventually } from '../../../support/eventually.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-page-'))
afterAll(() => rmSync(directory, { recursive: true }))
const open: PageServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.stream[Symbol.dispose]()
    await closed(server.http)
  }
})

const loopback: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }
const secret = 'an-open-secret-of-many-letters'

interface Running {
  readonly server: PageServer
  readonly port: number
  readonly log: string[]
}

async function running(options: Partial<PageServerOptions> = {}): Promise<Running> {
  const log: string[] = []
  const server = new PageServer({
    source: {
      document: (name) => (name === 'info' ? gzipSync('{"kind":"live"}') : undefined),
      live: {
        past: () => [eventOf({ past: 1 })],
        hour: async () => [Buffer.from('an '), Buffer.from('hour')],
      },
    },
    assets: new Map([['/', { type: 'text/html', body: gzipSync('<p>'), isImmutable: false }]]),
    address: loopback,
    token: undefined,
    report: (problem) => log.push(problem),
    ...options,
  })
  open.push(server)
  const bound = await listen(server.http, loopback, 'the page')
  return { server, port: bound.kind === 'tcp' ? bound.port : 0, log }
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const asked = request({ port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const bytes = Buffer.concat(parts)
        const isPacked = response.headers['content-encoding'] === 'gzip' && bytes.length > 0
        const text = (isPacked ? gunzipSync(bytes) : bytes).toString()
        resolve({ status: response.statusCode!, headers: response.headers, text })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** What a reader of events has received by now. */
function read(port: number): { text(): string; readonly ended: () => boolean; destroy(): void } {
  let text = ''
  let isEnded = false
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isEnded = true
  })
  socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return { text: () => text, ended: () => isEnded, destroy: () => socket.destroy() }
}

describe('the server of the page', () => {
  it('answers with what browsers need to keep it apart from everything else', async () => {
    const { port } = await running()
    for (const path of ['/', '/api/info', '/nothing']) {
      const { headers } = await ask(port, path)
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
      expect(headers['content-security-policy']).not.toContain('unsafe')
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
    expect(await ask(port, '/api/info')).toMatchObject({ status: 200, text: '{"kind":"live"}' })
    expect(await ask(port, '/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  })

  it.each([
    ['gzip, deflate, br', 'gzip'],
    ['br;q=1.0, gzip;q=0.2', 'gzip'],
    ['*', 'gzip'],
    [undefined, undefined],
    ['br', undefined],
    ['gzip;q=0, *', undefined],
  ])('sends what Accept-Encoding takes: %s', async (accepted, sent) => {
    const { port } = await running()
    const headers: Record<string, string> = accepted === undefined ? {} : { 'Accept-Encoding': accepted }
    for (const [path, text] of [
      ['/', '<p>'],
      ['/api/info', '{"kind":"live"}'],
    ] as const) {
      const answer = await ask(port, path, { headers })
      expect(answer).toMatchObject({ status: 200, text, headers: { vary: 'Accept-Encoding' } })
      expect(answer.headers['content-encoding']).toBe(sent)
    }
  })

  it('hands on what a loop that runs has kept, to be read by itself', async () => {
    const { port } = await running()
    const { status, headers, text } = await ask(port, '/api/hour')
    expect({ status, text }).toEqual({ status: 200, text: 'an hour' })
    expect(headers).toMatchObject({ 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
    const recorded = await running({ source: { document: () => undefined } })
    expect((await ask(recorded.port, '/api/hour')).status).toBe(404)
  })

  it('refuses what would change something, has a body, or is meant for another host, and logs each once', async () => {
    const { port, log } = await running()
    const status = async (path: string, asked: Asked) => (await ask(port, path, asked)).status
    for (let round = 0; round < 2; round++) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        expect(await status('/api/info', { method }), method).toBe(405)
      }
      expect(await status('/', { body: 'x', headers: { 'Content-Length': '1' } })).toBe(413)
      expect(await ask(port, '/', { headers: { Host: 'evil.example.org' } })).toMatchObject({
        status: 403,
        text: expect.stringMatching(/^the Host header of this request is not a name of this machine: open/),
      })
      expect(await status('/../../etc/passwd', {})).toBe(404)
    }
    expect(log).toEqual([
      'the page refused a request that is neither GET nor HEAD, from 127.0.0.1; further ones are not logged',
      'the page refused a request with a body, from 127.0.0.1; further ones are not logged',
      'the page refused a request whose Host header is no name of this machine, from 127.0.0.1; further ones are not logged',
    ])
  })

  it('refuses headers that are too large', async () => {
    const { port } = await running()
    expect((await ask(port, '/', { headers: { 'X-Long': 'x'.repeat(20_000) } })).status).toBe(431)
  })

  it('shows nothing of the host without the token, but the form that asks for it', async () => {
    const file = join(directory, 'token')
    writeFileSync(file, `${secret}\n`, { mode: 0o600 })
    const { port, log } = await running({ token: await readToken(file) })
    const status = async (path: string, token?: string) =>
      (await ask(port, path, { headers: token === undefined ? {} : { Authorization: token } })).status
    expect(await status('/')).toBe(200)
    for (const wrong of [undefined, 'Bearer', `Bearer ${secret}x`, secret, `Basic ${secret}`]) {
      expect(await status('/api/info', wrong), wrong).toBe(401)
      expect(await status('/api/events', wrong), wrong).toBe(401)
    }
    expect(await status('/api/info', `Bearer ${secret}`)).toBe(200)
    expect(log).toEqual([
      'the page refused a request without the right token, from 127.0.0.1; further ones are not logged',
    ])
  })

  it('refuses one who asks too often, once', async () => {
    // No time passes: a slow machine asks no less often than a fast one.
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const { port, log } = await running()
      const statuses = []
      for (let i = 0; i < 202; i++) statuses.push((await ask(port, '/')).status)
      expect(statuses).toEqual([...new Array(200).fill(200), 429, 429])
      expect(log).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('lets each address ask so often', () => {
    let now = 0
    const rate = new RequestRate(() => now)
    const taken = (address: string) => {
      let count = 0
      while (rate.take(address)) count++
      return count
    }
    expect([taken('a'), taken('a'), taken('b')]).toEqual([200, 0, 200])
    now = 1_000
    expect(taken('a')).toBe(20)
    now = 3_600_000
    expect(taken('a')).toBe(200)
  })

  it('says that it cannot show something, and goes on', async () => {
    const document = () => Promise.reject(new Error('the disk is gone'))
    const { port, log } = await running({ source: { document } })
    expect((await ask(port, '/api/info')).status).toBe(500)
    expect((await ask(port, '/')).status).toBe(200)
    expect(log).toEqual(['the page cannot show /api/info: the disk is gone'])
  })
})

describe('readers of events', () => {
  it('get the past, then what happens', async () => {
    const { server, port } = await running()
    const reader = read(port)
    await eventually(() => expect(reader.text()).toContain('data: {"past":1}\n\n'))
    server.stream.send(eventOf({ now: 2 }))
    await eventually(() => expect(reader.text()).toContain('data: {"now":2}\n\n'))
    reader.destroy()
  })

  it('are dropped when they read nothing, and others get all of it', async () => {
    const { server, port, log } = await running()
    const stuck = connect(port, '127.0.0.1')
    stuck.on('error', () => undefined)
    stuck.pause()
    stuck.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const reader = read(port)
    await eventually(() => expect(reader.text()).toContain('past'))
    const large = eventOf({ large: 'x'.repeat(2 ** 20) })
    let sent = 0
    await eventually(() => {
      // As fast as the one who reads can.
      if (reader.text().split('"large"').length - 1 >= sent) {
        server.stream.send(large)
        sent++
      }
      expect(log).toEqual(['the page dropped a reader that was too slow; further ones are not logged'])
    })
    await eventually(() => expect(reader.text().split('"large"').length - 1).toBe(sent))
    expect(reader.ended()).toBe(false)
    reader.destroy()
    stuck.destroy()
  })

  it('are so many at most', async () => {
    const { port, log } = await running()
    const readers = Array.from({ length: 64 }, () => read(port))
    await eventually(() => expect(readers.every((reader) => reader.text().includes('past'))).toBe(true))
    expect((await ask(port, '/api/events')).status).toBe(503)
    expect(log).toEqual([
      'the page refused a reader above the limit, from 127.0.0.1; further ones are not logged',
    ])
    readers[0]!.destroy()
    let another = read(port)
    await eventually(() => {
      if (another.text().includes('503')) another = read(port)
      expect(another.text()).toContain('past')
    })
    for (const reader of [...readers, another]) reader.destroy()
  })
})

describe('a page that others could reach', () => {
  const source = { document: () => undefined }
  const place = { address: { kind: 'tcp', host: '0.0.0.0', port: 0 } as const }
  const report = () => undefined

  it('is not served without a token', async () => {
    await expect(servePage({ ...place, tokenFile: undefined }, source, report)).rejects.toThrow(
      'the page at 0.0.0.0:0 could be read from other machines: give a file with --serve-token',
    )
  })

  it.each([
    ['others may read it', secret, 0o644, 'others than its owner may read or write it'],
    ['others may write it', secret, 0o620, 'others than its owner may read or write it'],
    ['it is short', 'short', 0o600, 'at least 16 letters'],
    ['it is empty', '', 0o600, 'at least 16 letters'],
    ['it has blanks', 'with blanks in between', 0o600, 'at least 16 letters'],
    ['it is large', 'x'.repeat(5_000), 0o600, 'more than 4096 bytes'],
  ])('is not served with a token file when %s', async (name, text, mode, message) => {
    const tokenFile = join(directory, name.replaceAll(' ', '-'))
    writeFileSync(tokenFile, text, { mode: 0o600 })
    chmodSync(tokenFile, mode)
    await expect(servePage({ ...place, tokenFile }, source, report)).rejects.toThrow(message)
  })

  it('says that there is no such file', async () => {
    const tokenFile = join(directory, 'nowhere')
    await expect(servePage({ ...place, tokenFile }, source, report)).rejects.toThrow(
      `the token cannot be read from ${tokenFile}: ENOENT`,
    )
  })
})
