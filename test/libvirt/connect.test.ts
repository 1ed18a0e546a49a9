import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import { type ConnectOptions, connect } from '../../lib/libvirt/connect.ts'
import { KiB } from '../../lib/util/units.ts'
import { failureOf, libvirtFailureOf } from './failure.ts'

const systemError = 38
const operationDenied = 29
const fromRpc = 7

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('what connect() is given', () => {
  it.each<[string, unknown, RegExp]>([
    ['readOnly', 'yes', /true or false, got "yes" \(string\)/],
    ['readOnly', 1, /true or false, got 1 \(number\)/],
    ['cpuSource', 'proc', /'auto' or 'libvirt', got "proc"/],
    ['callDeadline', 0, /milliseconds from 1, got 0/],
    ['callDeadline', '1000', /milliseconds from 1, got "1000" \(string\)/],
    ['callDeadline', Number.NaN, /got NaN/],
    ['memoryDeadline', -5, /got -5/],
    ['memoryDeadline', Number.POSITIVE_INFINITY, /got Infinity/],
    ['keepAliveSeconds', 0.5, /whole number from 0, got 0.5/],
    ['keepAliveSeconds', null, /got null/],
    ['keepAliveCount', -1, /got -1/],
    ['readonly', true, /one of readOnly, .*keepAliveCount/],
  ])('is refused when %s is %j', async (option, value, expected) => {
    const error = await connect('test:///default', { [option]: value } as ConnectOptions).catch((e) => e)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(error.message).toMatch(new RegExp(`^Expected \`${option}\` to be `))
    expect(error.message).toMatch(expected)
  })

  it.each([[''], [5], [null]])('is refused when the URI is %j', async (uri) => {
    await expect(connect(uri as string)).rejects.toThrow(TypeError)
  })

  it('may hold options that are undefined, and deadlines of centuries', async () => {
    await using host = await connect('test:///default', { callDeadline: Number.MAX_SAFE_INTEGER })
    expect(await host.domains()).toHaveLength(1)
  })

  it('is LIBVIRT_DEFAULT_URI when it is nothing', async () => {
    vi.stubEnv('LIBVIRT_DEFAULT_URI', 'test:///default')
    await using host = await connect()
    expect(host.uri).toBe('test:///default')
    expect(host.readOnly).toBe(false)
  })
})

describe('a host that cannot be reached', () => {
  it('by an unknown URI', async () => {
    const error = await libvirtFailureOf(connect('martian:///crater'))
    expect(error.code).toBe('ERR_CONNECTION_FAILED')
    expect(error.call).toBe('virConnectOpen')
    expect(error.libvirtCode).toBeGreaterThan(0)
    expect(error.message).toMatch(/^Cannot connect to martian:\/\/\/crater: /)
  })

  it('by something that is no URI', async () => {
    const error = await libvirtFailureOf(connect('invalid'))
    expect(error).toMatchObject({ code: 'ERR_CONNECTION_FAILED', call: 'virConnectOpen' })
    expect(error.message).toMatch(/^Cannot connect to invalid: .*Check the URI: for instance qemu:/)
  })

  it('because no daemon is there', async () => {
    const error = await libvirtFailureOf(connect('qemu+unix:///system?socket=/nonexistent/sock'))
    expect(error).toMatchObject({
      code: 'ERR_CONNECTION_FAILED',
      libvirtCode: systemError,
      libvirtDomain: fromRpc,
      level: 2,
      call: 'virConnectOpen',
      domainName: undefined,
    })
    expect(error.message).toMatch(/No such file or directory\. Is libvirtd running there\? Start it/)
  })

  it('and the password of its URI is shown nowhere', async () => {
    const error = await libvirtFailureOf(
      connect('qemu+tcp://me:s3cret@127.0.0.1:1/system', { readOnly: true }),
    )
    expect(error).toMatchObject({ code: 'ERR_CONNECTION_FAILED', call: 'virConnectOpenReadOnly' })
    expect(error.message).toContain('qemu+tcp://me@127.0.0.1:1/system')
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain('s3cret')
  })

  it('because who listens there hangs up', async () => {
    await using server = await listen((socket) => socket.destroy())
    const error = await libvirtFailureOf(connect(server.uri))
    expect(error).toMatchObject({ code: 'ERR_CONNECTION_FAILED', libvirtDomain: fromRpc })
  })

  it('because who listens there never answers', async () => {
    await using server = await listen(() => {})
    const error = await failureOf(connect(server.uri, { callDeadline: 100 }))
    expect(error.code).toBe('ERR_CONNECTION_FAILED')
    expect(error.message).toMatch(/virConnectOpen: no answer within 100 ms/)
  })
})

describe('a read-only connection', () => {
  it('reads, and changes nothing', async () => {
    await using host = await connect('test:///default', { readOnly: true })
    expect(host.readOnly).toBe(true)
    const domain = await host.domain('test')
    const before = await host.sampleCpu()
    for (const [call, change] of [
      ['virDomainPinVcpu', () => domain.pinVcpu(0, CpuSet.of(0))],
      ['virDomainSetMemory', () => domain.setMemory(1024 * KiB)],
    ] as const) {
      const error = await libvirtFailureOf(change())
      expect(error).toMatchObject({
        code: 'ERR_PERMISSION_DENIED',
        libvirtCode: operationDenied,
        level: 2,
        call,
        domainName: 'test',
      })
      expect(error.message).toMatch(new RegExp(`^${call} of domain "test": .*read only access`))
    }
    expect((await host.sampleCpu()).affinity).toEqual(before.affinity)
  })
})

/** A socket that is no libvirtd. */
async function listen(onConnection: (socket: Socket) => void): Promise<AsyncDisposable & { uri: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-socket-'))
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => sockets.delete(socket))
    onConnection(socket)
  })
  server.listen(join(directory, 'sock'))
  await once(server, 'listening')
  return {
    uri: `qemu+unix:///system?socket=${server.address() as AddressInfo | string}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      rmSync(directory, { recursive: true })
    },
  }
}
