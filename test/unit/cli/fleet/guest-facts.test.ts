import { describe, expect, it } from 'vitest'
import { GuestFactsKeeper } from '../../../../lib/cli/fleet/guest-facts.ts'
import type { GuestRequirement, MigrationHost } from '../../../../lib/host/migration.ts'
import { DomainState } from '../../../../lib/host/sample.ts'
import { defaultSettings } from '../../../../lib/view/domain-settings.ts'
import type { DomainView, View } from '../../../../lib/view/view.ts'

const requirement: GuestRequirement = {
  architecture: 'x86_64',
  machine: 'q35',
  cpu: undefined,
  storage: [],
  networks: [],
  hugePages: 0,
  immovable: [],
}

/** A host of which the calls are counted. */
function hostOf(answers: Partial<MigrationHost> = {}): MigrationHost & { readonly calls: string[] } {
  const calls: string[] = []
  const counted =
    <T>(name: string, answer: (uuid: string) => Promise<T>) =>
    (uuid: string) => {
      calls.push(`${name} ${uuid}`)
      return answer(uuid)
    }
  return {
    calls,
    hostUuid: 'h',
    runs: async () => true,
    problemWith: async () => undefined,
    migrate: async () => ({ elapsed: 0 }),
    abortMigration: async () => {},
    carry: async () => {},
    carried: async () => undefined,
    requirement: counted('requirement', answers.requirement ?? (async () => requirement)),
    migrationProgress: counted('progress', answers.migrationProgress ?? (async () => undefined)),
    dirtyRate: counted('dirty', answers.dirtyRate ?? (async () => 5)),
  }
}

const guest = (uuid: string, more: object = {}) =>
  ({
    uuid,
    name: `name-${uuid}`,
    id: 1,
    state: DomainState.running,
    settings: defaultSettings,
    ...more,
  }) as unknown as DomainView

const tickOf = (...domains: DomainView[]) => ({ view: { domains } as unknown as View })

function keeperOf(host: MigrationHost) {
  const clock = { now: 0 }
  const keeper = new GuestFactsKeeper(
    host,
    ({ machine, storage }) => `${machine} ${storage.join()}`,
    () => clock.now,
  )
  const look = async (...domains: DomainView[]) => {
    keeper.look(tickOf(...domains))
    await keeper.idle()
  }
  return { keeper, look, clock }
}

describe('the facts of guests', () => {
  it('are asked once in a run, and again after a while', async () => {
    const host = hostOf()
    const { keeper, look, clock } = keeperOf(host)
    await look(guest('a'))
    expect(keeper.guests.get('a')).toEqual({
      requirement: 'q35 ',
      stays: [],
      labels: [],
      priority: undefined,
      dirtyRate: 5,
    })
    await look(guest('a'))
    const asked = () => host.calls.filter((call) => call === 'requirement a').length
    expect(asked()).toBe(1)
    clock.now = 601_000
    await look(guest('a'))
    expect(asked()).toBe(2)
    await look(guest('a', { id: 2 }))
    expect(asked()).toBe(3)
  })

  it('of an earlier run are not taken for those of the present one', async () => {
    let fails = false
    const host = hostOf({
      requirement: async () => {
        if (fails) throw new Error('away')
        return requirement
      },
    })
    const { keeper, look } = keeperOf(host)
    await look(guest('a'))
    fails = true
    await look(guest('a', { id: 2 }))
    expect(keeper.guests.get('a')!.requirement).toBeUndefined()
    fails = false
    await look(guest('a', { id: 2 }))
    expect(keeper.guests.get('a')!.requirement).toBe('q35 ')
  })

  it('say why a guest stays', async () => {
    const host = hostOf({
      requirement: async () => ({ ...requirement, immovable: ['a device of the host'] }),
    })
    const { keeper, look } = keeperOf(host)
    const fleet = { moves: false, labels: ['web'], priority: 3 } as const
    const settings = { ...defaultSettings, managed: false, reason: { kind: 'metadata-excludes' }, fleet }
    await look(guest('a', { settings }))
    expect(keeper.guests.get('a')).toMatchObject({
      stays: [
        'its metadata says not to manage it',
        'its metadata says that no fleet moves it',
        'a device of the host',
      ],
      labels: ['web'],
      priority: 3,
    })
  })

  it('have the migrations under way, while nothing is measured', async () => {
    const host = hostOf({
      migrationProgress: async (uuid) =>
        uuid === 'a' ? undefined : { direction: 'in', elapsed: 7, memoryRemaining: 9 },
    })
    const { keeper, look } = keeperOf(host)
    await look(guest('a'), guest('b', { state: DomainState.paused }))
    expect(keeper.migrations).toEqual([
      { guest: 'b', name: 'name-b', direction: 'in', elapsed: 7, memoryRemaining: 9 },
    ])
    expect(host.calls).not.toContain('requirement b')
    expect(host.calls.filter((call) => call.startsWith('dirty'))).toEqual([])
  })

  it('have no migration that has ended since libvirt was asked', async () => {
    const host = hostOf({
      migrationProgress: async (uuid) => ({ direction: uuid === 'a' ? 'out' : 'in', elapsed: 7 }),
    })
    const { keeper, look } = keeperOf(host)
    const coming = guest('b', { state: DomainState.paused })
    await look(guest('a'), coming)
    expect(keeper.migrations.map(({ guest }) => guest)).toEqual(['a', 'b'])
    // What is asked from now on is not answered yet when the report is made.
    keeper.look(tickOf(guest('b')))
    expect(keeper.migrations).toEqual([])
  })

  it('are measured in turn, one at each look', async () => {
    const host = hostOf()
    const { look, clock } = keeperOf(host)
    for (let i = 0; i < 5; i++) {
      await look(guest('a'), guest('b'))
      clock.now += 10_000
    }
    expect(host.calls.filter((call) => call.startsWith('dirty'))).toEqual(['dirty a', 'dirty b'])
    clock.now = 301_000
    await look(guest('a'), guest('b'))
    expect(host.calls.at(-1)).toBe('dirty a')
  })

  it('are not asked twice at once', async () => {
    let answer = () => {}
    const host = hostOf({
      requirement: () => new Promise((resolve) => (answer = () => resolve(requirement))),
    })
    const { keeper } = keeperOf(host)
    for (let i = 0; i < 3; i++) keeper.look(tickOf(guest('a')))
    expect(host.calls).toEqual(['requirement a'])
    answer()
    await keeper.idle()
  })
})
