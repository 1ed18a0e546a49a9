import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { ListenAddress } from '../../../../lib/cli/http/address.ts'
import { type ServedMetrics, serveMetrics } from '../../../../lib/cli/metrics/serve.ts'
import { metricsServer } from '../../../../lib/cli/metrics/server.ts'
import { tickOf, viewOf } from '../../report/ticks.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-metrics-'))
afterAll(() => rmSync(directory, { recursive: true }))

const config = { version: '1', interval: 2_000, dryRun: false }
const anyPort: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }
const open: ServedMetrics[] = []
afterEach(async () => {
  for (const served of open.splice(0)) await served[Symbol.asyncDispose]()
})

async function serve(...addresses: ListenAddress[]): Promise<ServedMetrics> {
  const served = await serveMetrics(addresses, config, (problem) => {
    throw new Error(problem)
  })
  open.push(served)
  return served
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

function ask(
  where: { readonly port?: number; readonly socketPath?: string },
  path: string,
  { method = 'GET', host }: { method?: string; host?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { Host: host }
    const asked = request({ ...where, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

const portOf = ({ addresses: [address = ''] }: ServedMetrics) => Number(/:(\d+)\/metrics$/.exec(address)?.[1])

describe('metrics that are served', () => {
  it('are at each address, and are those of the last Tick', async () => {
    const path = join(directory, 'metrics.sock')
    const served = await serve(anyPort, { kind: 'unix', path })
    expect(served.addresses).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/),
      `unix:${path}`,
    ])
    served.metrics.observe(tickOf(0, viewOf(2, [{ name: 'web1' }])))
    for (const where of [{ port: portOf(served) }, { socketPath: path }]) {
      const { status, body, headers } = await ask(where, '/metrics')
      expect(status).toBe(200)
      expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
      expect(body).toContain('libvirt_domain_timed_out{domain="web1"} 0\n')
      expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body))
    }
    expect(statSync(path).mode & 0o777).toBe(0o660)
    await open.pop()![Symbol.asyncDispose]()
    expect(existsSync(path)).toBe(false)
  })

  it('are all that there is', async () => {
    const where = { port: portOf(await serve(anyPort)) }
    const status = async (path: string, method = 'GET') => (await ask(where, path, { method })).status
    expect(await status('/metrics?x=1')).toBe(200)
    expect(await status('/health')).toBe(200)
    for (const path of ['/', '/metrics/', '/metrics/x', '/../etc/passwd', '/favicon.ico']) {
      expect(await status(path), path).toBe(404)
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask(where, '/metrics', { method })
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
    }
    expect(await ask(where, '/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  it('are for this machine on a loopback address, whatever name a web page has for it', async () => {
    const where = { port: portOf(await serve(anyPort)) }
    const status = async (host: string) => (await ask(where, '/metrics', { host })).status
    for (const host of ['127.0.0.1:9177', 'localhost', 'LOCALHOST:1', '[::1]:9177', '127.0.0.1']) {
      expect(await status(host), host).toBe(200)
    }
    for (const host of ['evil.example.org', 'evil.example.org:9177', 'localhost.evil.org']) {
      expect(await status(host), host).toBe(403)
    }
    const everywhere = { port: portOf(await serve({ kind: 'tcp', host: '0.0.0.0', port: 0 })) }
    expect((await ask(everywhere, '/metrics', { host: 'kvm7.example.org' })).status).toBe(200)
  })

  it('say whether the loop makes ticks', async () => {
    const source = { metrics: { age: 15_900, body: async () => [] }, staleAfter: () => 16_000 }
    const server = metricsServer(source, anyPort)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const where = { port: (server.address() as AddressInfo).port }
    const fresh = await ask(where, '/health')
    expect([fresh.status, fresh.body]).toEqual([200, 'ok: the last tick began 15.9 s ago\n'])
    source.metrics.age = 16_100
    const stale = await ask(where, '/health')
    expect([stale.status, stale.body]).toEqual([503, 'stale: the last tick began 16.1 s ago\n'])
    server.close()
    server.closeAllConnections()
  })

  it('are there for others while one reads nothing', async () => {
    const served = await serve(anyPort)
    const many = Array.from({ length: 300 }, (_, i) => ({ name: `guest${i}`, vcpus: [{ usage: 0.5 }] }))
    served.metrics.observe(tickOf(0, viewOf(2, many)))
    const port = portOf(served)
    const idle = connect(port, '127.0.0.1')
    idle.on('error', () => undefined)
    idle.pause()
    await new Promise<void>((resolve) =>
      idle.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n', () => resolve()),
    )
    for (let i = 0; i < 3; i++) {
      served.metrics.observe(tickOf(i + 1, viewOf(2, many)))
      expect((await ask({ port }, '/metrics')).body).toContain('domain="guest299"')
    }
    idle.destroy()
  })
})

describe('an address that cannot be had', () => {
  it('is said, and nothing is served then', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const path = join(directory, 'beside.sock')
    const both = serve({ kind: 'unix', path }, { kind: 'tcp', host: '127.0.0.1', port })
    await expect(both).rejects.toMatchObject({
      code: 'ERR_LISTEN',
      message: `Cannot serve metrics at 127.0.0.1:${port}: another program listens there; stop it, or choose another address`,
    })
    expect(existsSync(path)).toBe(false)
    other.close()
  })

  it.each([
    [
      { kind: 'tcp', host: '192.0.2.1', port: 0 },
      'Cannot serve metrics at 192.0.2.1:0: this machine has no such address',
    ],
    [
      { kind: 'unix', path: '/proc/nonexistent/x.sock' },
      'Cannot serve metrics at unix:/proc/nonexistent/x.sock: there is no such directory',
    ],
  ] as const)('is named with the reason: %j', async (address, message) => {
    await expect(serve(address)).rejects.toMatchObject({ code: 'ERR_LISTEN', message })
  })

  it('is a socket that is in use, or a file; what a crashed run left is replaced', async () => {
    const path = join(directory, 'used.sock')
    const inUse = createNetServer()
    await new Promise<void>((resolve) => inUse.listen(path, resolve))
    await expect(serve({ kind: 'unix', path })).rejects.toMatchObject({ code: 'ERR_LISTEN' })
    // Under another name it stays when its server ends.
    const stale = join(directory, 'stale.sock')
    renameSync(path, stale)
    await new Promise((resolve) => inUse.close(resolve))
    expect((await serve({ kind: 'unix', path: stale })).addresses).toEqual([`unix:${stale}`])
    expect((await ask({ socketPath: stale }, '/health')).status).toBe(200)
    const file = join(directory, 'file')
    writeFileSync(file, 'precious')
    await expect(serve({ kind: 'unix', path: file })).rejects.toMatchObject({
      code: 'ERR_LISTEN',
      message: `Cannot serve metrics at unix:${file}: there is a file of this name`,
    })
    expect(statSync(file).size).toBe(8)
  })
})
