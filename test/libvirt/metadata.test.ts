import { afterEach, describe, expect, it } from 'vitest'
import { autopilot } from '../../lib/control/autopilot.ts'
import { metadataNamespace } from '../../lib/host/domain-metadata.ts'
import type { HostEvent } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { sentenceOf } from '../../lib/policy/reason.ts'
import { roundRobin } from '../../lib/schedulers/baseline/round-robin.ts'
import { eventually } from './eventually.ts'
import { type TestNode, testNode } from './node-xml.ts'
import { hasDaemon, startTestDaemon } from './test-daemon.ts'

const settings = (attributes: string) =>
  `<ballast:settings xmlns:ballast='${metadataNamespace}' ${attributes}/><other:thing xmlns:other='urn:other'/>`

describe('metadata in a domain’s XML', () => {
  let node: TestNode | undefined
  afterEach(() => node?.remove())

  it('keeps Ballast from a domain, and to its pCPUs', async () => {
    node = testNode(4, [
      { name: 'out', metadata: settings("managed='no'") },
      { name: 'within', metadata: settings("cpus='2-3'") },
      { name: 'wrong', metadata: settings("cpus='2-3' mode='x'") },
      { name: 'plain' },
      { name: 'foreign', metadata: "<other:settings xmlns:other='urn:other' managed='no'/>" },
    ])
    await using host = await connect(node.uri)
    const options = { interval: 100, ticks: 1, scheduler: roundRobin() }
    for await (const tick of autopilot(host, options)) {
      expect(tick.errors).toEqual([])
      const pinned = tick.outcomes.map(({ action }) => action.domain)
      expect(pinned.toSorted()).toEqual(['foreign', 'plain', 'within'])
      const within = tick.outcomes.find(({ action }) => action.domain === 'within')!.action
      expect(within.kind === 'pin' && `${within.cpus}`).toMatch(/^[23]$/)
      expect(tick.skipped.map(({ domain, reason }) => `${domain}: ${sentenceOf(reason)}`).toSorted()).toEqual(
        [
          'out: its metadata says not to manage it',
          'wrong: its settings in its metadata are wrong: there is no attribute mode',
        ],
      )
    }
  })
})

describe.skipIf(!hasDaemon)('a change of metadata', () => {
  it('is told when it is in our namespace', async () => {
    const daemon = await startTestDaemon()
    try {
      await using host = await connect(daemon.uri)
      const { uuid } = await host.domain('test')
      const events: HostEvent[] = []
      host.subscribe((event) => events.push(event))
      const set = (uri: string) =>
        daemon.virsh(
          'metadata',
          'test',
          '--uri',
          uri,
          '--key',
          'k',
          '--live',
          '--set',
          "<settings shares='9'/>",
        )
      await set('urn:other')
      await set(metadataNamespace)
      await eventually(() => expect(events.filter(({ kind }) => kind === 'metadata')).toHaveLength(1))
      expect(events.find(({ kind }) => kind === 'metadata')).toMatchObject({ domain: { uuid, name: 'test' } })
      expect(await host.domainMetadata(uuid)).toContain('shares')
    } finally {
      await daemon.remove()
    }
  })
})
