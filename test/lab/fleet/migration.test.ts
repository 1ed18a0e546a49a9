import { mkdir, symlink } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { MigrationHost, MigrationProgress } from '../../../lib/host/migration.ts'
import { connect } from '../../../lib/libvirt/connect.ts'
import { migrationHost } from '../../../lib/libvirt/migration/migration-host.ts'
import { MiB } from '../../../lib/util/units.ts'
import { describeLab } from '../describe-lab.ts'
import { until } from '../processes.ts'
import { FleetLab, type LabHost } from './fleet-lab.ts'

const patience = 300_000
const isRoot = process.getuid?.() === 0

describeLab('a live migration between two hosts', { timeout: patience }, () => {
  let lab: FleetLab
  let a: LabHost
  let b: LabHost
  let migrationsOf: Map<LabHost, MigrationHost & AsyncDisposable>
  let uuid: string

  /** Moves the guest to a host. */
  const move = async (to: LabHost, options = {}) => {
    const from = (await lab.whereIs('mover'))!
    return migrationsOf.get(from)!.migrate(uuid, { targetUri: to.uri, ...options })
  }

  beforeAll(async () => {
    lab = await FleetLab.up(['a', 'b'])
    a = lab.host('a')
    b = lab.host('b')
    await lab.startAll(a, [{ name: 'mover', memoryMiB: 160 }])
    uuid = await lab.uuidOfGuest('mover')
    migrationsOf = new Map([
      [a, await migrationHost(a.uri)],
      [b, await migrationHost(b.uri)],
    ])
  }, patience)

  afterAll(async () => {
    for (const host of migrationsOf.values()) await host[Symbol.asyncDispose]()
    await lab.down()
  }, patience)

  it('each host knows its own UUID', () => {
    expect(migrationsOf.get(a)!.hostUuid).toBe(a.uuid)
    expect(migrationsOf.get(b)!.hostUuid).toBe(b.uuid)
  })

  it('the other host can take the guest, and says what it could not', async () => {
    const needs = await migrationsOf.get(a)!.requirement(uuid)
    expect(needs).toMatchObject({
      virtualization: 'qemu',
      architecture: 'x86_64',
      hugePages: 0,
      immovable: [],
    })
    expect(needs.cpu).toMatch(/^<cpu [\s\S]*<\/cpu>$/)
    const problem = (change: object) => migrationsOf.get(b)!.problemWith({ ...needs, ...change })
    expect(await problem({})).toBeUndefined()
    expect(await problem({ machine: 'pc-q35-99.9' })).toContain('pc-q35-99.9')
    expect(await problem({ cpu: '<cpu mode="custom"><model>EPYC-Milan</model></cpu>' })).toContain('CPU')
    expect(await problem({ storage: ['/nowhere/disk'] })).toBe('it does not reach /nowhere/disk')
    expect(await problem({ networks: ['network none'] })).toBe('it has no network none')
    expect(await problem({ hugePages: 2 ** 50 })).toContain('huge pages')
  })

  it('moves the guest, which goes on computing', async () => {
    const guest = await lab.guest('mover')
    await guest.send('loop 20 30')
    await until('it works', patience, async () => (await guest.stat()).worked > 0)
    const before = await guest.stat()
    expect(await move(b)).toMatchObject({ elapsed: expect.any(Number) })
    expect(await migrationsOf.get(a)!.runs(uuid)).toBe(false)
    // Of a guest that has left nothing is under way.
    expect(await migrationsOf.get(a)!.migrationProgress(uuid)).toBeUndefined()
    await expect(migrationsOf.get(a)!.abortMigration(uuid)).resolves.toBeUndefined()
    expect(await migrationsOf.get(b)!.runs(uuid)).toBe(true)
    const after = await (await lab.guest('mover')).stat()
    expect(after.worked).toBeGreaterThan(before.worked)
    expect(after.clock).toBeGreaterThan(before.clock)
  })

  it('says how far it is, ends when it is told to, and the guest stays', async () => {
    const source = (await lab.whereIs('mover'))!
    const target = source === a ? b : a
    const abort = new AbortController()
    const seen: (MigrationProgress | undefined)[] = []
    const moving = move(target, { bandwidth: 4 * MiB, signal: abort.signal }).catch((error) => error)
    await until('it is under way', patience, async () => {
      const progress = await migrationsOf.get(source)!.migrationProgress(uuid)
      seen.push(progress)
      return (progress?.memoryProcessed ?? 0) > 0
    })
    // The target knows that it comes, and no more.
    expect(await migrationsOf.get(target)!.migrationProgress(uuid)).toMatchObject({ direction: 'in' })
    expect(await migrationsOf.get(target)!.runs(uuid)).toBe(false)
    abort.abort()
    expect(await moving).toMatchObject({ code: 'ERR_MIGRATION_ABORTED' })
    expect(seen.at(-1)).toMatchObject({ direction: 'out', memoryTotal: expect.any(Number) })
    expect(await lab.whereIs('mover')).toBe(source)
    expect(await migrationsOf.get(source)!.migrationProgress(uuid)).toBeUndefined()
    await expect(migrationsOf.get(source)!.abortMigration(uuid)).resolves.toBeUndefined()
  })

  it('is one at a time: the second is told that the guest is busy', async () => {
    const source = (await lab.whereIs('mover'))!
    const target = source === a ? b : a
    const abort = new AbortController()
    const first = move(target, { bandwidth: 2 * MiB, signal: abort.signal }).catch((error) => error)
    await until('it is under way', patience, async () => migrationsOf.get(source)!.migrationProgress(uuid))
    await expect(move(target)).rejects.toMatchObject({ code: 'ERR_DOMAIN_BUSY' })
    abort.abort()
    expect(await first).toMatchObject({ code: 'ERR_MIGRATION_ABORTED' })
  })

  it('fails with the guest where it was when the target cannot be reached', async () => {
    const source = (await lab.whereIs('mover'))!
    const nowhere = { ...a, uri: 'qemu+unix:///session?socket=/nowhere/socket' }
    await expect(move(nowhere)).rejects.toMatchObject({ code: 'ERR_MIGRATION' })
    expect(await lab.whereIs('mover')).toBe(source)
  })

  it.runIf(isRoot)(
    'goes through this process where the daemon of the source does not reach the target',
    async () => {
      const target = (await lab.whereIs('mover')) === a ? b : a
      // A way to its socket that only root may take: the daemons are another user's.
      const way = `${lab.directory}/roots-own`
      await mkdir(way, { mode: 0o700, recursive: true })
      await symlink(new URL(target.uri).searchParams.get('socket')!, `${way}/${target.name}`)
      await move({ ...target, uri: `qemu+unix:///session?socket=${way}/${target.name}` })
      expect(await lab.whereIs('mover')).toBe(target)
    },
  )

  it('fails for a run that is over', async () => {
    const source = migrationsOf.get((await lab.whereIs('mover'))!)!
    const moving = source.migrate({ uuid, id: 9_999 }, { targetUri: b.uri })
    await expect(moving).rejects.toMatchObject({ code: 'ERR_NO_DOMAIN' })
  })

  it('is told to whoever listens at the source, with its end', async () => {
    const source = (await lab.whereIs('mover'))!
    const target = source === a ? b : a
    await using host = await connect(source.uri)
    const told: string[] = []
    host.subscribe((event) => {
      if (event.kind === 'migration') told.push(`${event.domain.name} ${event.state}`)
    })
    await move(target, { bandwidth: 64 * MiB })
    await until('its end is told', patience, async () => told.length === 2)
    expect(told).toEqual(['mover begun', 'mover ended'])
  })

  it('brings what the guest is to carry, beside the settings of its owner', async () => {
    const source = migrationsOf.get((await lab.whereIs('mover'))!)!
    const target = (await lab.whereIs('mover')) === a ? b : a
    const text = 'lines\nwith <marks> & "quotes"'
    await source.carry(uuid, text)
    await move(target)
    expect(await migrationsOf.get(target)!.carried(uuid)).toBe(text)
    await migrationsOf.get(target)!.carry(uuid, undefined)
    expect(await migrationsOf.get(target)!.carried(uuid)).toBeUndefined()
    await expect(migrationsOf.get(target)!.carry(uuid, undefined)).resolves.toBeUndefined()
  })

  it('measures how fast the guest writes its memory', async () => {
    const guest = await lab.guest('mover')
    await guest.send('idle')
    await guest.send('mem +24')
    await guest.send('touch 20')
    const source = migrationsOf.get((await lab.whereIs('mover'))!)!
    const rate = await until('it writes', patience, async () => {
      const seen = await source.dirtyRate(uuid)
      return seen !== undefined && seen > 2 * MiB && seen
    })
    expect(rate).toBeLessThan(200 * MiB)
    await guest.send('still')
  })
})
