import { describe, expect, it } from 'vitest'
import { Permissions } from '../../../../lib/cli/controller/permissions.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import type { DomainRef } from '../../../../lib/host/host.ts'
import { DomainState } from '../../../../lib/host/sample.ts'
import { defaultSettings } from '../../../../lib/view/domain-settings.ts'
import type { DomainView } from '../../../../lib/view/view.ts'
import { FakeHost, guest } from '../../control/fake-host.ts'

/** A host of these guests that denies each change of some. */
function permissionsOf(guests: readonly number[], denied: ReadonlySet<string>) {
  const host = new FakeHost(guests.map((number) => guest(number)))
  const change = async (domain: DomainRef) => {
    const uuid = typeof domain === 'string' ? domain : domain.uuid
    if (denied.has(uuid)) throw new BallastError('ERR_PERMISSION_DENIED', `${uuid} may not be changed`)
  }
  return new Permissions(Object.assign(host, { setMemory: change }))
}

/** As a View has them. */
function domainsOf(uuids: readonly string[], more: Partial<DomainView> = {}) {
  return uuids.map((uuid) => {
    const about: Partial<DomainView> = {
      uuid,
      state: DomainState.running,
      settings: defaultSettings,
      ...more,
    }
    return about as DomainView
  })
}

async function tryAll({ host }: Permissions, uuids: readonly string[]): Promise<void> {
  await Promise.allSettled(uuids.map((uuid) => host.setMemory(uuid, 2 ** 30)))
}

const all = ['a', 'b', 'c']

describe('Permissions', () => {
  it('go on when two guests or more were denied and others were not tried', async () => {
    const permissions = permissionsOf([1, 2, 3], new Set(all))
    await tryAll(permissions, ['a', 'b'])
    expect(() => permissions.assertSome({ domains: domainsOf(all) })).not.toThrow()
  })

  it('end when every guest was tried and denied, also over some ticks', async () => {
    const permissions = permissionsOf([1, 2, 3], new Set(all))
    await tryAll(permissions, ['a', 'b'])
    permissions.assertSome({ domains: domainsOf(all) })
    await tryAll(permissions, ['c'])
    expect(() => permissions.assertSome({ domains: domainsOf(all) })).toThrow(
      /^a may not be changed; run ballast as root/,
    )
  })

  it('go on for good once a single change was permitted', async () => {
    const permissions = permissionsOf([1, 2, 3], new Set(['a', 'b']))
    await tryAll(permissions, all)
    expect(() => permissions.assertSome({ domains: domainsOf(all) })).not.toThrow()
    expect(() => permissions.assertSome({ domains: domainsOf(['a', 'b']) })).not.toThrow()
  })

  it('do not wait for guests that are not to be changed', async () => {
    const permissions = permissionsOf([1, 2, 3], new Set(all))
    await tryAll(permissions, ['a'])
    const unmanaged = domainsOf(['b'], { settings: { ...defaultSettings, managed: false } })
    const paused = domainsOf(['c'], { state: DomainState.paused })
    const domains = [...domainsOf(['a']), ...unmanaged, ...paused]
    expect(() => permissions.assertSome({ domains })).toThrow('a may not be changed')
  })

  it('say nothing while no change was tried', () => {
    expect(() => permissionsOf([1], new Set()).assertSome({ domains: domainsOf(all) })).not.toThrow()
  })
})
