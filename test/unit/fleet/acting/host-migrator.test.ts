import { describe, expect, it } from 'vitest'
import { memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { hostMigrator } from '../../../../lib/fleet/acting/host-migrator.ts'
import type { MigrationRequest } from '../../../../lib/fleet/acting/migrator.ts'
import { Originals } from '../../../../lib/fleet/acting/originals.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import type { DomainRef } from '../../../../lib/host/host.ts'
import type { MigrateOptions, MigrationHost, MigrationProgress } from '../../../../lib/host/migration.ts'
import { eventually } from '../../../support/eventually.ts'

const request: MigrationRequest = {
  guest: 'u1',
  run: { id: 7 },
  target: { host: 'h2', reach: { uri: 'qemu+tls://two/system', dataUri: 'tcp://10.0.0.2', bandwidth: 5e6 } },
  deadline: 60_000,
}

/** A host whose migrations end when they are aborted, or by `end`. */
class FakeHost implements MigrationHost {
  readonly hostUuid = 'h1'
  readonly begun: { domain: DomainRef; options: MigrateOptions }[] = []
  end: () => void = () => {}
  looks = 0
  direction: 'in' | 'out' = 'out'

  migrate(domain: DomainRef, options: MigrateOptions) {
    this.begun.push({ domain, options })
    return new Promise<{ elapsed: number }>((resolve, reject) => {
      this.end = () => resolve({ elapsed: 12 })
      if (options.signal?.aborted) reject(new BallastError('ERR_MIGRATION_ABORTED', 'ended'))
      options.signal?.addEventListener('abort', () =>
        reject(new BallastError('ERR_MIGRATION_ABORTED', 'ended')),
      )
    })
  }
  async migrationProgress(): Promise<MigrationProgress | undefined> {
    this.looks++
    return { direction: this.direction, elapsed: this.looks }
  }
  runs = async (uuid: string) => uuid === 'u1'
  requirement = () => Promise.reject(new Error('not asked here'))
  problemWith = async () => undefined
  aborted: string[] = []
  abortMigration = async (uuid: string) => void this.aborted.push(uuid)
  dirtyRate = async () => undefined
  texts = new Map<string, string>()
  async carry(domain: DomainRef, text: string | undefined) {
    const uuid = typeof domain === 'string' ? domain : domain.uuid
    if (text === undefined) this.texts.delete(uuid)
    else this.texts.set(uuid, text)
  }
  carried = async (uuid: string) => this.texts.get(uuid)
}

describe('hostMigrator', () => {
  it('asks for the run that was planned for, over what the target says of itself', async () => {
    const host = new FakeHost()
    const moving = hostMigrator(host).migrate(request, { signal: new AbortController().signal })
    await eventually(() => expect(host.begun).toHaveLength(1))
    host.end()
    expect(await moving).toEqual({ elapsed: 12 })
    expect(host.begun[0]).toMatchObject({
      domain: { uuid: 'u1', id: 7 },
      options: { targetUri: 'qemu+tls://two/system', dataUri: 'tcp://10.0.0.2', bandwidth: 5e6 },
    })
  })

  it('ends it when it is told to', async () => {
    const told = new AbortController()
    const moving = hostMigrator(new FakeHost()).migrate(request, { signal: told.signal })
    told.abort()
    await expect(moving).rejects.toMatchObject({ code: 'ERR_MIGRATION_ABORTED' })
  })

  it('tells how far it is, and nothing more once it is over', async () => {
    const host = new FakeHost()
    const told: MigrationProgress[] = []
    const moving = hostMigrator(host).migrate(request, {
      signal: new AbortController().signal,
      progress: (progress) => {
        told.push(progress)
        if (told.length === 2) host.end()
      },
    })
    await moving
    expect(told.map(({ elapsed }) => elapsed)).toEqual([1, 2])
  })

  it('knows of a migration from here that it did not begin, and ends it; of one to here it does not', async () => {
    const host = new FakeHost()
    const migrator = hostMigrator(host)
    expect(await migrator.progress('u1')).toEqual({ direction: 'out', elapsed: 1 })
    host.direction = 'in'
    expect(await migrator.progress('u1')).toBeUndefined()
    await migrator.abort('u1')
    expect(host.aborted).toEqual(['u1'])
  })

  it('sends the originals of that run with the guest, and takes them back when it stays', async () => {
    const journal = memoryJournal()
    const entry = { kind: 'memory', uuid: 'u1', name: 'one', wallTime: 1, original: 512 } as const
    await journal.record([
      { ...entry, id: 7 },
      { ...entry, id: 6, original: 256 },
    ])
    const host = new FakeHost()
    const told = new AbortController()
    const migrator = hostMigrator(host, new Originals({ journal, host, cpuCount: () => 4 }))
    const moving = migrator.migrate(request, { signal: told.signal })
    await eventually(() => expect(host.begun).toHaveLength(1))
    expect(host.texts.get('u1')).toContain('"original":512')
    expect(host.texts.get('u1')).not.toContain('"original":256')
    told.abort()
    await expect(moving).rejects.toMatchObject({ code: 'ERR_MIGRATION_ABORTED' })
    expect(host.texts.size).toBe(0)
  })

  it('moves nothing whose originals cannot be sent', async () => {
    const host = new FakeHost()
    host.carry = () => Promise.reject(new BallastError('ERR_PERMISSION_DENIED', 'no'))
    const migrator = hostMigrator(host, new Originals({ journal: memoryJournal(), host, cpuCount: () => 4 }))
    const moving = migrator.migrate(request, { signal: new AbortController().signal })
    await expect(moving).rejects.toMatchObject({ code: 'ERR_PERMISSION_DENIED' })
    expect(host.begun).toEqual([])
  })

  it('says whether a guest runs here', async () => {
    const migrator = hostMigrator(new FakeHost())
    expect(await migrator.runs('u1')).toBe(true)
    expect(await migrator.runs('u2')).toBe(false)
  })
})
