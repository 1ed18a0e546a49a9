import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NativeMigrationJob } from '../../../../lib/addon/native-migration.ts'
import { MigrationWatch } from '../../../../lib/libvirt/migration/migration-watch.ts'

const domain = { uuid: 'u1', name: 'one', id: 3 }
const job = (isIncoming = false): NativeMigrationJob => ({ isIncoming, elapsed: 5 })

/** A watch over a host whose jobs are in `jobs`, and what it told. */
function watch() {
  const jobs = new Map<string, NativeMigrationJob>()
  const told: string[] = []
  const watching = new MigrationWatch(
    async (uuid) => {
      if (uuid === 'gone') throw new Error('no such domain')
      return jobs.get(uuid)
    },
    (event) => told.push(`${event.domain.name} ${event.state}`),
  )
  return { jobs, told, watching }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('migrations of a libvirt host', () => {
  it('are told once, and their end when there is no job any more', async () => {
    const { jobs, told, watching } = watch()
    jobs.set('u1', job())
    watching.see(domain)
    watching.see(domain)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(told).toEqual(['one begun'])
    jobs.delete('u1')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(told).toEqual(['one begun', 'one ended'])
    watching.see(domain)
    expect(told).toEqual(['one begun', 'one ended', 'one begun'])
  })

  it('end too when the domain is gone', async () => {
    const { told, watching } = watch()
    watching.see({ ...domain, uuid: 'gone' })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(told).toEqual(['one begun', 'one ended'])
  })

  it('are found where they began before anybody listened; those that come are none of its', async () => {
    const { jobs, told, watching } = watch()
    jobs.set('u1', job()).set('u2', job(true))
    const others = ['u2', 'u3', 'gone'].map((uuid) => ({ ...domain, uuid, name: uuid }))
    await watching.lookAt([...others, domain])
    expect(told).toEqual(['one begun'])
  })
})
