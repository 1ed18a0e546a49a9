import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadNative } from '../../../../lib/addon/load-native.ts'
import {
  type HostLock,
  type HostLockOptions,
  lockHost,
  lockOwners,
} from '../../../../lib/control/host-lock/host-lock.ts'
import { parseOwner, type Resource } from '../../../../lib/control/host-lock/owner.ts'
import { type LockPlaces, lockPrefix, startPrefix } from '../../../../lib/control/host-lock/places.ts'

const uri = 'qemu:///system'
const free = [
  { resource: 'vcpus', locked: false },
  { resource: 'memory', locked: false },
]

let directory: string
let places: LockPlaces
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-lock-'))
  chmodSync(directory, 0o755)
  places = { shared: join(directory, 'shared'), own: join(directory, 'own', 'locks') }
  mkdirSync(places.shared, { mode: 0o700 })
})

const locks: HostLock[] = []
afterEach(() => {
  for (const lock of locks.splice(0)) lock.release()
  rmSync(directory, { recursive: true })
})

async function take(options: HostLockOptions = {}, of = uri): Promise<HostLock> {
  const lock = await lockHost({ uri: of }, options, places)
  locks.push(lock)
  return lock
}

const only = (...resources: Resource[]): HostLockOptions => ({ resources, command: 'test' })

describe('lockHost', () => {
  it('refuses the second, and names the owner', async () => {
    const before = Date.now()
    await take({ command: 'one of\x1b ours', policies: ['balance'], journal: '/a/b' })
    await expect(take()).rejects.toMatchObject({
      code: 'ERR_LOCKED',
      message: expect.stringMatching(
        new RegExp(`of ${uri} is locked by pid ${process.pid} \\(.+\\) since 20\\d\\d-.*Z: one of`),
      ),
    })
    const [vcpus, memory] = await lockOwners(uri, places)
    expect(vcpus).toMatchObject({
      resource: 'vcpus',
      locked: true,
      owner: { pid: process.pid, command: 'one of\x1b ours', policies: ['balance'], journal: '/a/b' },
    })
    const since = memory?.locked ? (memory.owner?.since ?? 0) : 0
    expect(since).toBeGreaterThanOrEqual(before)
    expect(since).toBeLessThanOrEqual(Date.now())
  })

  it('shows which policies run by now, in a shorter record too', async () => {
    const lock = await take({ policies: ['balance', 'shares'] })
    lock.tell(['pack'])
    expect((await lockOwners(uri, places))[0]).toMatchObject({ owner: { policies: ['pack'] } })
  })

  it('locks each resource by itself, and none when it cannot have all', async () => {
    await take(only('memory'))
    await expect(take(only('vcpus', 'memory'))).rejects.toMatchObject({ code: 'ERR_LOCKED' })
    await take(only('vcpus'))
  })

  it('lets one of many have it', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => take(only('vcpus'))))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is free again after release, which may come twice', async () => {
    const first = await take()
    first.release()
    first.release()
    expect(await lockOwners(uri, places)).toEqual(free)
    await take()
  })

  it('locks nothing on hosts that live within a process', async () => {
    for (const own of ['test:///default', 'simulation:///']) {
      await take({}, own)
      await take({}, own)
      expect(await lockOwners(own, places)).toEqual(free)
    }
    expect(readdirSync(places.shared)).toEqual([])
  })

  it('refuses a resource that there is not', async () => {
    const resources = JSON.parse('["vcpu"]')
    await expect(take({ resources })).rejects.toThrow(/Expected `resources` to be of .* got "vcpu"/)
  })
})

describe('the start of two users in the same instant', () => {
  afterEach(() => vi.restoreAllMocks())

  /** This process as user 5, while the user with this number is starting. */
  function besideStartOf(other: number) {
    vi.spyOn(process, 'geteuid').mockReturnValue(5)
    const file = (user: number) => join(places.shared, `${startPrefix(uri)}${user}`)
    const theirs = loadNative().lockFile(file(other))!
    let isSettled = false
    const mine = take(only('vcpus')).finally(() => {
      isSettled = true
    })
    return { theirs, mine, isMine: () => loadNative().isFileLocked(file(5)), isSettled: () => isSettled }
  }

  it('goes one after the other: this one waits without a lock for a lower number', async () => {
    const { theirs, mine, isMine, isSettled } = besideStartOf(4)
    await new Promise(setImmediate)
    expect({ isMine: isMine(), isSettled: isSettled() }).toEqual({ isMine: false, isSettled: false })
    theirs.release()
    await mine
    expect(isMine()).toBe(false)
  })

  it('goes one after the other: a higher number has to see that this one is first', async () => {
    const { theirs, mine, isMine, isSettled } = besideStartOf(6)
    await new Promise(setImmediate)
    expect({ isMine: isMine(), isSettled: isSettled() }).toEqual({ isMine: true, isSettled: false })
    theirs.release()
    await mine
    expect(isMine()).toBe(false)
  })
})

describe('where the lock files are', () => {
  it('is the directory of the user, where the shared one may be written by all', async () => {
    chmodSync(places.shared, 0o777)
    await take(only('vcpus'))
    expect(readdirSync(places.shared)).toEqual([])
    expect(readdirSync(places.own).some((name) => name.startsWith(lockPrefix(uri, 'vcpus')!))).toBe(true)
    expect(statSync(places.own).mode & 0o777).toBe(0o700)
  })

  it('sees a lock in the one when the other has come to be used', async () => {
    chmodSync(places.shared, 0o777)
    await take(only('vcpus'))
    chmodSync(places.shared, 0o700)
    expect((await lockOwners(uri, places))[0]).toMatchObject({ locked: true, owner: { command: 'test' } })
    await expect(take(only('vcpus'))).rejects.toMatchObject({ code: 'ERR_LOCKED' })
  })

  it.runIf(process.getuid?.() === 0)('is made by root for root where it is missing', async () => {
    rmSync(places.shared, { recursive: true })
    await take(only('vcpus'))
    expect(readdirSync(places.shared).some((name) => name.startsWith(lockPrefix(uri, 'vcpus')!))).toBe(true)
    expect(statSync(places.shared).mode & 0o007).toBe(0)
  })

  it('cannot be a link, nor a file of another user, and says so', async () => {
    const path = join(places.shared, `${lockPrefix(uri, 'vcpus')}${process.geteuid?.()}`)
    symlinkSync(join(directory, 'elsewhere'), path)
    await expect(take()).rejects.toMatchObject({
      code: 'ERR_NOT_SUPPORTED',
      message: expect.stringContaining(path),
    })
    rmSync(path)
    if (process.getuid?.() !== 0) return
    writeFileSync(path, '')
    chownSync(path, 65534, 65534)
    await expect(take()).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  })
})

describe('the host of a URI', () => {
  const same = (a: string, b: string, uid = 1) => lockPrefix(a, 'vcpus', 0) === lockPrefix(b, 'vcpus', uid)

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

describe('the content of a lock file', () => {
  const good = { pid: 1, user: 'u', since: 1, command: 'c', policies: [] }

  it('is the first line, whatever an earlier owner left behind it', () => {
    expect(parseOwner(`${JSON.stringify(good)}\nolicies":[]}\n`)).toEqual(good)
  })

  it.each([
    ['nothing', ''],
    ['no whole line', JSON.stringify(good)],
    ['no JSON', 'hello\n'],
    ['null', 'null\n'],
    ['no date', `${JSON.stringify({ ...good, since: 1e300 })}\n`],
    ['policies of numbers', `${JSON.stringify({ ...good, policies: [1] })}\n`],
    ['a fraction of a process', `${JSON.stringify({ ...good, pid: 1.5 })}\n`],
    ['far too much', `${JSON.stringify({ ...good, command: 'x'.repeat(1e6) })}\n`],
  ])('(%s) that tells no owner leaves the lock locked', async (_, content) => {
    await take(only('vcpus'))
    writeFileSync(join(places.shared, `${lockPrefix(uri, 'vcpus')}${process.geteuid?.()}`), content)
    expect((await lockOwners(uri, places))[0]).toEqual({ resource: 'vcpus', locked: true, owner: undefined })
    await expect(take()).rejects.toThrow('a process that cannot be identified')
  })
})
