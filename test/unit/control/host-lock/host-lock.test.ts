import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type HostLock,
  type HostLockOptions,
  lockHost,
  lockOwners,
} from '../../../../lib/control/host-lock/host-lock.ts'
import { type Resource, socketOf } from '../../../../lib/control/host-lock/owner.ts'

let uri: string
let hosts = 0
beforeEach(() => {
  // Of this test run alone: what is held is held on the whole machine.
  uri = `qemu://hold-${process.pid}-${hosts++}/system`
})

const holds: HostLock[] = []
afterEach(async () => {
  for (const hold of holds.splice(0)) await hold.release()
})

async function take(options: HostLockOptions, of = uri): Promise<HostLock> {
  const hold = await lockHost({ uri: of }, options)
  holds.push(hold)
  return hold
}

const only = (...resources: Resource[]): HostLockOptions => ({ resources, command: 'test' })

describe('lockHost', () => {
  it('refuses the second, and says who holds it since when', async () => {
    const before = Date.now()
    await take({ command: 'one of\x1b ours', policies: ['balance'], journal: '/a/b' })
    await expect(take({})).rejects.toMatchObject({
      code: 'ERR_LOCKED',
      message: expect.stringMatching(
        new RegExp(`of ${uri} is held by pid ${process.pid} \\(.+\\) since 20\\d\\d-.*Z: one of`),
      ),
    })
    const [vcpus, memory] = await lockOwners(uri)
    expect(vcpus).toMatchObject({
      resource: 'vcpus',
      held: true,
      holder: { pid: process.pid, command: 'one of\x1b ours', policies: ['balance'], journal: '/a/b' },
    })
    const since = memory?.held ? (memory.holder?.since ?? 0) : 0
    expect(since).toBeGreaterThanOrEqual(before)
    expect(since).toBeLessThanOrEqual(Date.now())
  })

  it('has each resource by itself, and takes none when it cannot have all', async () => {
    await take(only('memory'))
    await expect(take(only('vcpus', 'memory'))).rejects.toMatchObject({ code: 'ERR_LOCKED' })
    await take(only('vcpus'))
  })

  it('lets one of many have it', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => take(only('vcpus'))))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is free again after release, which may come twice', async () => {
    const first = await take({})
    await first.release()
    await first.release()
    expect(await lockOwners(uri)).toEqual([
      { resource: 'vcpus', held: false },
      { resource: 'memory', held: false },
    ])
    await using _ = await lockHost({ uri })
  })

  it('holds nothing on hosts that live within a process', async () => {
    for (const own of ['test:///default', 'simulation:///']) {
      await take({}, own)
      await take({}, own)
      expect(await lockOwners(own)).toMatchObject([{ held: false }, { held: false }])
    }
  })

  it('is not what keeps a process alive', async () => {
    const module = fileURLToPath(new URL('../../../../lib/control/host-lock/host-lock.ts', import.meta.url))
    const code = `import { lockHost } from ${JSON.stringify(module)}; await lockHost({ uri: ${JSON.stringify(uri)} }); console.log('held')`
    const args = ['--import', 'tsx', '--input-type', 'module', '--eval', code]
    expect((await promisify(execFile)(process.execPath, args)).stdout).toBe('held\n')
    await take({})
  })

  it('refuses a resource that there is not', async () => {
    const resources = JSON.parse('["vcpu"]')
    await expect(take({ resources })).rejects.toThrow(/Expected `resources` to be of .* got "vcpu"/)
  })
})

describe('the host of a URI', () => {
  const same = (a: string, b: string, uid = 1) => socketOf(a, 'vcpus', 0) === socketOf(b, 'vcpus', uid)

  it.each([
    ['qemu:///system', 'qemu+unix:///system'],
    ['qemu:///system', 'qemu:///system?keepalive_interval=5'],
    ['qemu+ssh://host/system', 'qemu+tls://me:secret@HOST/system'],
  ])('%s is that of %s', (a, b) => expect(same(a, b)).toBe(true))

  it.each([
    ['qemu:///system', 'qemu:///session'],
    ['qemu:///system', 'qemu://host/system'],
    ['qemu:///system', 'xen:///system'],
    ['qemu:///system', 'qemu:///system?socket=/run/other'],
    ['qemu:///session', 'qemu:///session'],
    ['qemu+tcp://host:1/system', 'qemu+tcp://host:2/system'],
  ])('%s of one user is not %s of another', (a, b) => expect(same(a, b)).toBe(false))
})

describe('an answer that is none', () => {
  const good = { pid: 1, user: 'u', since: 1, command: 'c', policies: [] }
  it.each([
    ['nothing', ''],
    ['no JSON', 'hello\n'],
    ['null', 'null'],
    ['no date', JSON.stringify({ ...good, since: 1e300 })],
    ['policies of numbers', JSON.stringify({ ...good, policies: [1] })],
    ['a fraction of a process', JSON.stringify({ ...good, pid: 1.5 })],
    ['far too much', JSON.stringify({ ...good, command: 'x'.repeat(1e6) })],
  ])('(%s) still holds', async (_, answer) => {
    const server = createServer((connection) => {
      connection.on('error', () => connection.destroy())
      connection.end(answer)
    })
    server.listen(socketOf(uri, 'vcpus'))
    await once(server, 'listening')
    try {
      expect((await lockOwners(uri))[0]).toEqual({ resource: 'vcpus', held: true, holder: undefined })
      await expect(take({})).rejects.toMatchObject({ code: 'ERR_LOCKED' })
    } finally {
      server.close()
    }
  })
})
