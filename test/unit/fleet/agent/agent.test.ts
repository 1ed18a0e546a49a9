import { describe, expect, it } from 'vitest'
import { BallastError } from '../../../../lib/host/errors.ts'
import type { GuestRequirement } from '../../../../lib/host/migration.ts'
import { agentOn, body, migrateOrder } from './fixtures.ts'

const requirement: GuestRequirement = {
  architecture: 'x86_64',
  machine: 'pc-q35-7.2',
  cpu: undefined,
  storage: ['/srv/web.qcow2'],
  networks: [],
  hugePages: 0,
  immovable: [],
}

describe("an agent's reports", () => {
  it('are written with instance and sequence', async () => {
    const { agent, bus, pass } = agentOn({})
    agent.report(body)
    await pass(1)
    agent.report(body)
    await pass(1)
    expect(bus.reports.get('host-a')?.report).toMatchObject({
      ...body,
      version: 1,
      instance: agent.instance,
      sequence: 1,
    })
  })

  it('are written one at a time, the newest next', async () => {
    const { agent, bus, pass } = agentOn({})
    for (const committed of [1, 2, 3]) agent.report({ ...body, memory: { ...body.memory, committed } })
    await pass(1)
    expect(bus.reports.get('host-a')?.report).toMatchObject({ sequence: 1, memory: { committed: 3 } })
  })

  it('wait for no bus, and go on when it is back', async () => {
    const { agent, bus, told, pass } = agentOn({})
    await pass(1)
    bus.cut()
    agent.report(body)
    await pass(1)
    expect(told).toContainEqual(expect.objectContaining({ kind: 'bus', state: 'disconnected' }))
    expect(told).toContainEqual({ kind: 'failed', error: expect.objectContaining({ code: 'ERR_FLEET_BUS' }) })
    bus.mend()
    agent.report(body)
    await pass(1)
    expect(bus.reports.has('host-a')).toBe(true)
  })

  it('say for a minute that another agent has reported for the host, and who leads', async () => {
    const { agent, bus, connection, told, pass } = agentOn({})
    const write = connection.report
    connection.report = async (report) => {
      await write.call(connection, report)
      connection.report = write
      throw new BallastError('ERR_FLEET_DUPLICATE', 'two hosts have one UUID')
    }
    const reported = async () => {
      agent.report(body)
      await pass(1)
      return bus.reports.get('host-a')!.report.duplicate
    }
    expect(await reported()).toBeUndefined()
    expect(await reported()).toBe(true)
    await pass(60_000)
    expect(await reported()).toBeUndefined()
    expect(told.at(-1)).toEqual({ kind: 'leader', lease: undefined })
    const lease = await connection.lease({ host: 'host-b', instance: 'i' })
    await reported()
    expect(told.at(-1)).toEqual({ kind: 'leader', lease })
  })

  it('answer what other guests need, and ask the host again after ten minutes', async () => {
    const asked: string[] = []
    const { agent, bus, pass } = agentOn({
      problemWith: async ({ machine }) => {
        asked.push(machine)
        return machine === 'pc-q35-7.2' ? undefined : `has no ${machine}`
      },
    })
    const key = agent.require(requirement)
    bus.requirements.set('other', { ...requirement, machine: 'pc-q35-9.0' })
    agent.report(body)
    await pass(1)
    const answers = { [key]: true, other: 'has no pc-q35-9.0' }
    expect(bus.reports.get('host-a')?.report.answers).toEqual(answers)
    agent.report(body)
    await pass(1)
    expect(asked).toHaveLength(2)
    await pass(600_000)
    agent.report(body)
    await pass(1)
    expect(asked).toHaveLength(4)
  })

  it('say what its guests need once more when the bus has lost it', async () => {
    const { agent, bus, pass } = agentOn({})
    const key = agent.require(requirement)
    agent.report(body)
    await pass(1)
    expect(bus.requirements.get(key)).toEqual(requirement)
    bus.requirements.clear()
    agent.report(body)
    await pass(1)
    expect(bus.requirements.has(key)).toBe(true)
  })

  it('say it once while the bus has it', async () => {
    const { agent, connection, pass } = agentOn({})
    let written = 0
    const { require } = connection
    connection.require = async (key, needs) => {
      written++
      return require.call(connection, key, needs)
    }
    agent.require(requirement)
    for (let i = 0; i < 3; i++) {
      agent.report(body)
      await pass(1)
    }
    expect(written).toBe(1)
  })

  it('leave out what could not be answered, and say why once, until it can be', async () => {
    let isThere = false
    let asked = 0
    const { agent, bus, told, pass } = agentOn({
      problemWith: async () => {
        // As of QEMU, whose words have the name of a file that is another each time.
        if (!isThere) throw new Error(`the daemon is gone, ${asked++}`)
        return undefined
      },
    })
    const said = () => told.flatMap((one) => (one.kind === 'unanswered' ? [one.error.message] : []))
    const reports = async (machine: string) => {
      agent.require({ ...requirement, machine })
      for (let i = 0; i < 3; i++) {
        agent.report(body)
        await pass(1)
      }
      return bus.reports.get('host-a')?.report.answers
    }
    expect(await reports('a')).toEqual({})
    expect(said()).toEqual(['the daemon is gone, 0'])
    isThere = true
    expect(Object.values((await reports('a'))!)).toEqual([true])
    isThere = false
    await reports('b')
    expect(said()).toEqual(['the daemon is gone, 0', 'the daemon is gone, 3'])
  })

  it('answer what is required in the fleet, and forget what is not any more', async () => {
    const { agent, bus, pass } = agentOn({})
    for (let i = 0; i < 25; i++) bus.requirements.set(`k${i}`, { ...requirement, machine: `m${i}` })
    const answered = async () => {
      agent.report(body)
      await pass(1)
      return Object.keys(bus.reports.get('host-a')!.report.answers)
    }
    expect(await answered()).toHaveLength(25)
    bus.requirements.delete('k3')
    expect(await answered()).not.toContain('k3')
  })

  it('refuse orders of a lease before the one that was seen with them', async () => {
    const { agent, bus, connection, migrator, pass } = agentOn({})
    bus.takeLease({ host: 'h1', instance: 'i' })
    bus.releaseLease(bus.lease!)
    bus.takeLease({ host: 'h2', instance: 'j' })
    agent.report(body)
    await pass(1)
    // Nobody leads now, so only what was seen before can tell.
    bus.releaseLease(bus.lease!)
    await connection.order(migrateOrder('o1', 1))
    await pass(1)
    expect(migrator.requests).toEqual([])
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['refused'])
  })

  it('name the order of a migration', async () => {
    const { agent, connection, bus, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    agent.report({
      ...body,
      migrations: [
        { guest: 'guest-1', name: 'web', direction: 'out', elapsed: 5 },
        { guest: 'guest-9', name: 'db', direction: 'in', elapsed: 5 },
      ],
    })
    await pass(1)
    const { migrations } = bus.reports.get('host-a')!.report
    expect(migrations.map(({ order }) => order)).toEqual(['o1', undefined])
    agent.report(body)
    await pass(1)
    expect(bus.reports.get('host-a')!.report.migrations).toEqual([
      { guest: 'guest-1', name: 'web', direction: 'out', order: 'o1', elapsed: 0 },
    ])
  })
})
