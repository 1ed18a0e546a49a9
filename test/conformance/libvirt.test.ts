import { afterAll, beforeAll, describe } from 'vitest'
import { metadataNamespace } from '../../lib/host/domain-metadata.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { hasDaemon, startTestDaemon, type TestDaemon } from '../libvirt/test-daemon.ts'
import type { Abilities } from './subject.ts'
import { conformance } from './suite.ts'

/** libvirt's test driver: vCPU times that grow, balloons that obey at once, and no guest in them. */
const can: Abilities = {
  usage: true,
  delay: false,
  statistics: false,
  balloon: true,
  pinEvents: false,
  balloonEvents: false,
  cpuShares: false,
  ksm: false,
}

conformance('connect("test:///default")', async () => {
  const host = await connect('test:///default')
  const { clock } = host
  return {
    host,
    domain: 'test',
    can,
    pass: (milliseconds) => clock.sleepUntil(clock.now() + milliseconds),
    release: () => host.close(),
  }
})

describe.skipIf(!hasDaemon)('behind a daemon', () => {
  let daemon: TestDaemon
  beforeAll(async () => {
    daemon = await startTestDaemon()
  })
  afterAll(() => daemon.remove())

  conformance('connect("test+unix:///default")', async () => {
    const host = await connect(daemon.uri)
    const { clock } = host
    await daemon.virsh('setvcpus', 'test', '1')
    const settings = "<settings shares='2000'/>"
    const key = ['--uri', metadataNamespace, '--key', 'ballast']
    await daemon.virsh('metadata', 'test', ...key, '--live', '--set', settings)
    return {
      host,
      domain: 'test',
      described: 'test',
      can,
      pass: (milliseconds) => clock.sleepUntil(clock.now() + milliseconds),
      plug: async () => void (await daemon.virsh('setvcpus', 'test', '2')),
      restart: async () => {
        await daemon.virsh('destroy', 'test')
        await daemon.virsh('start', 'test')
      },
      stop: async () => void (await daemon.virsh('destroy', 'test')),
      // The driver forgets everything with its last client.
      release: () => host.close(),
    }
  })
})
