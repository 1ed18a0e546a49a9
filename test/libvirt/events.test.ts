import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Host, HostEvent } from '../../lib/host/host.ts'
import { DomainState } from '../../lib/host/sample.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { eventually } from './eventually.ts'
import { hasDaemon, startTestDaemon, type TestDaemon } from './test-daemon.ts'

// Pins, balloons and devices tell nothing in libvirt's test driver: those events are tested in the lab.
describe.skipIf(!hasDaemon)('what another client does', () => {
  let daemon: TestDaemon
  let host: Host
  beforeEach(async () => {
    daemon = await startTestDaemon()
    host = await connect(daemon.uri)
  })
  afterEach(async () => {
    await host.close()
    await daemon.remove()
  })

  const listen = (events: HostEvent[]) => host.subscribe((event) => events.push(event))
  const told = (events: HostEvent[]) =>
    events.map((event) => (event.kind === 'lifecycle' ? event.event : event.kind))

  it('is told in order, with the domain it was done to', async () => {
    const events: HostEvent[] = []
    listen(events)
    const { uuid, id } = await host.domain('test')
    for (const command of ['suspend', 'resume', 'destroy', 'start']) await daemon.virsh(command, 'test')
    await eventually(() => expect(told(events)).toEqual(['suspended', 'resumed', 'stopped', 'started']))
    for (const event of events) {
      expect(event).toMatchObject({ kind: 'lifecycle', domain: { uuid, name: 'test' } })
    }
    expect(events[0]).toMatchObject({ domain: { id } })
  })

  it('is told to everybody who listens, for as long as they do', async () => {
    const [first, second, both]: [HostEvent[], HostEvent[], HostEvent[]] = [[], [], []]
    const stopFirst = listen(first)
    listen(second)
    const listener = (event: HostEvent) => both.push(event)
    const stopOne = host.subscribe(listener)
    host.subscribe(listener)
    await daemon.virsh('suspend', 'test')
    await eventually(() => expect(told(both)).toEqual(['suspended', 'suspended']))
    expect(told(first)).toEqual(['suspended'])

    stopFirst()
    stopFirst()
    stopOne()
    await daemon.virsh('resume', 'test')
    await eventually(() => expect(told(both)).toEqual(['suspended', 'suspended', 'resumed']))
    expect(told(first)).toEqual(['suspended'])
    expect(told(second)).toEqual(['suspended', 'resumed'])
  })

  it('is told by each connection to its own listeners, and by none after its close', async () => {
    const other = await connect(daemon.uri, { readOnly: true })
    const [own, others]: [HostEvent[], HostEvent[]] = [[], []]
    listen(own)
    other.subscribe((event) => others.push(event))
    await daemon.virsh('suspend', 'test')
    await eventually(() => expect([told(own), told(others)]).toEqual([['suspended'], ['suspended']]))
    await other.close()
    await daemon.virsh('resume', 'test')
    await eventually(() => expect(told(own)).toEqual(['suspended', 'resumed']))
    expect(told(others)).toEqual(['suspended'])
  })

  it('shows in the states of the next samples', async () => {
    const states = async () => [
      (await host.sampleCpu()).state[0],
      (await host.sampleMemory()).state[0],
      (await host.domain('test')).state,
    ]
    await daemon.virsh('suspend', 'test')
    expect(await states()).toEqual(Array(3).fill(DomainState.paused))
    await daemon.virsh('resume', 'test')
    expect(await states()).toEqual(Array(3).fill(DomainState.running))
  })

  it('makes a domain come and go without disturbing its neighbours', async () => {
    await host.sampleCpu()
    for (let turn = 0; turn < 3; turn++) {
      await daemon.create('guest', 2)
      const came = await host.sampleCpu()
      expect(came.domains.map(({ name }) => name)).toEqual(['test', 'guest'])
      expect([...came.usage].map(Number.isNaN)).toEqual([false, false, true, true])
      expect((await host.sampleMemory()).domains.map(({ name }) => name)).toEqual(['test', 'guest'])
      await daemon.virsh('destroy', 'guest')
      const went = await host.sampleCpu()
      expect(went.domains.map(({ name }) => name)).toEqual(['test'])
      expect([...went.usage].map(Number.isNaN)).toEqual([false, false])
    }
  })
})
