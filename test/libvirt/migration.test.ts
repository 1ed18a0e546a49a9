import { describe, expect, it } from 'vitest'
import { loadNative } from '../../lib/addon/load-native.ts'
import type { NativeConnection } from '../../lib/addon/native.ts'
import { migrationHost } from '../../lib/libvirt/migration/migration-host.ts'
import { libvirtFailureOf } from './failure.ts'

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f'

/** Does something on a connection to libvirt's test driver. */
async function onTestDriver<T>(work: (connection: NativeConnection) => Promise<T>): Promise<T> {
  const connection = await loadNative().open({
    uri: 'test:///default',
    readOnly: false,
    keepAliveIntervalSeconds: 0,
    keepAliveCount: 0,
    callDeadline: 60_000,
    memoryDeadline: 1_000,
    useProc: false,
  })
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

describe('migrationHost', () => {
  it('says that a driver gives its host no UUID', async () => {
    await expect(migrationHost('test:///default')).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  })

  it('rejects as connect does where nobody listens', async () => {
    const socket = '/nonexistent/socket'
    const failure = await libvirtFailureOf(migrationHost(`qemu+unix:///session?socket=${socket}`))
    expect(failure.message).toContain(socket)
  })
})

describe('on a driver that cannot migrate', () => {
  it('a migration fails for that, and for a guest or a run that is not there', async () => {
    const settings = { targetUri: 'test:///default', dataUri: '', bandwidthMiB: 0, downtime: 0 }
    await onTestDriver(async (connection) => {
      await expect(connection.migrate(uuid, 1, settings)).rejects.toMatchObject({
        call: 'virDomainMigrateToURI3',
        domainName: 'test',
      })
      await expect(connection.migrate(uuid, 99, settings)).rejects.toMatchObject({
        libvirtCode: 42,
        message: 'its run with id 99 is over',
      })
    })
  })

  it('no migration is under way, and ending it does nothing', async () => {
    await onTestDriver(async (connection) => {
      expect(await connection.migrationJob(uuid)).toBeUndefined()
      await expect(connection.abortMigration(uuid)).resolves.toBeUndefined()
    })
  })

  it('how fast a guest writes cannot be measured', async () => {
    expect(await onTestDriver((connection) => connection.startDirtyRate(uuid, 1))).toBe(false)
  })
})

describe('what a guest needs', () => {
  it('is looked for among networks and volumes', async () => {
    await onTestDriver(async (connection) => {
      expect(await connection.hasNetwork('default')).toBe(true)
      expect(await connection.hasNetwork('other')).toBe(false)
      expect(await connection.hasVolume('default-pool', 'none')).toBe(false)
      expect(await connection.hasVolume('no-pool', 'none')).toBe(false)
    })
  })

  it('is fine where libvirt cannot compare hardware', async () => {
    const hardware = { virtualization: 'test', architecture: 'i686', machine: 'pc', cpu: '<cpu/>' }
    expect(await onTestDriver((connection) => connection.problemWith(hardware))).toBe('')
  })
})
