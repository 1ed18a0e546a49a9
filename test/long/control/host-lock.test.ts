import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { type HostLock, lockHost, lockOwners } from '../../../lib/control/host-lock/host-lock.ts'
import type { LockPlaces } from '../../../lib/control/host-lock/places.ts'

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

async function take(): Promise<void> {
  locks.push(await lockHost({ uri }, {}, places))
}

/** A process that locks the host, as another user where `uid` is given; what it prints. */
function another(then: 'keep' | 'end' | 'on-go', uid: number | '' = '') {
  const program = `${inject('compiled')}/test/long/control/lock-host.js`
  const child = spawn(process.execPath, [program, uri, JSON.stringify(places), then, String(uid)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const says = () => once(child.stdout, 'data').then(([text]) => String(text).trim())
  return { child, ended, says: says(), saysThen: says }
}

async function kill({ child, ended }: ReturnType<typeof another>): Promise<void> {
  child.kill('SIGKILL')
  await ended
}

describe('lockHost, with other processes', () => {
  it('excludes another process, until that is killed', async () => {
    const other = another('keep')
    expect(await other.says).toBe('locked')
    await expect(take()).rejects.toThrow(`is locked by pid ${other.child.pid} (`)
    await kill(other)
    expect(await lockOwners(uri, places)).toEqual(free)
    await take()
    expect(await another('keep').says).toContain(`is locked by pid ${process.pid} (`)
  })

  it('is not what keeps a process alive', async () => {
    const child = another('end')
    expect(await child.says).toBe('locked')
    expect(await child.ended).toBe(0)
    await take()
  })

  it.runIf(process.getuid?.() === 0)(
    'lets root and the users of the group exclude each other, and nobody else',
    async () => {
      chownSync(places.shared, 0, 65534)
      chmodSync(places.shared, 0o3770)
      const theirs = another('keep', 65534)
      expect(await theirs.says).toBe('locked')
      await expect(take()).rejects.toThrow(`is locked by pid ${theirs.child.pid} (`)
      await kill(theirs)
      await take()
      expect(await another('keep', 65534).says).toContain(`is locked by pid ${process.pid} (`)

      // Who is not in the group cannot even name a file there.
      const stranger = another('keep', 65533)
      expect(await stranger.says).toContain('Cannot lock qemu:///system')
      await kill(stranger)
    },
  )

  it.runIf(process.getuid?.() === 0)('lets one of two users who start in the same instant win', async () => {
    chownSync(places.shared, 0, 65534)
    chmodSync(places.shared, 0o3770)
    for (let turn = 0; turn < 4; turn++) {
      const both = [another('on-go'), another('on-go', 65534)]
      expect(await Promise.all(both.map(({ says }) => says))).toEqual(['ready', 'ready'])
      const said = both.map(({ saysThen }) => saysThen())
      const moment = `${Date.now() + 100}`
      for (const { child } of both) child.stdin.write(moment)
      const texts = await Promise.all(said)
      expect(
        texts.filter((text) => text === 'locked'),
        texts.join(' | '),
      ).toHaveLength(1)
      await Promise.all(both.map(kill))
    }
  })
})
