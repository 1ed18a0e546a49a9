import { describe, expect, it } from 'vitest'
import { guard } from '../../../../lib/control/guard/guard.ts'
import { MemoryBudget } from '../../../../lib/control/guard/memory.ts'
import { Ledger } from '../../../../lib/control/ledger/ledger.ts'
import type { GuardLimits } from '../../../../lib/control/verdict.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { type Action, pin, setMemory } from '../../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { domainOverhead, viewOf } from '../views.ts'

const limits: GuardLimits = {
  guestFloor: 200 * MiB,
  guestMargin: 100 * MiB,
  domainOverhead,
}

function limited(view: View, plan: Action[], ledger = new Ledger()): { done: string[]; rules: string[] } {
  const { plan: passed, clamps } = guard(plan, view, limits, ledger)
  return {
    done: passed.map((one) => {
      if (one.kind === 'setShares') return `${one.domain} ${one.shares} shares`
      return one.kind === 'pin' ? `${one.domain} ${one.vcpu} ${one.cpus}` : `${one.domain} ${one.bytes / MiB}`
    }),
    rules: clamps.map(({ rule, instead }) => `${rule}${instead ? ' instead' : ''}`),
  }
}

const size = (view: View, index: number, mib: number) => setMemory(view.domains[index]!, mib * MiB, 'test')

describe('shrinking', () => {
  it('goes as deep as the guest can bear, and no deeper', () => {
    const view = viewOf({ domains: [{ name: 'a' }] }) // holds 1024 MiB, uses 224
    expect(limited(view, [size(view, 0, 400)])).toEqual({ done: ['a 400'], rules: [] })
    expect(limited(view, [size(view, 0, 100)])).toEqual({ done: ['a 324'], rules: ['guest-floor instead'] })
  })

  it('stops at the floor of a guest that uses nothing', () => {
    const view = viewOf({ domains: [{ name: 'a', memory: { usable: GiB, unused: GiB } }] })
    expect(limited(view, [size(view, 0, 1)])).toEqual({ done: ['a 200'], rules: ['guest-floor instead'] })
  })

  it('takes what is unused where it is not known what is usable', () => {
    const view = viewOf({ domains: [{ name: 'a', memory: { usable: undefined, unused: 500 * MiB } }] })
    expect(limited(view, [size(view, 0, 1)])).toEqual({ done: ['a 624'], rules: ['guest-floor instead'] })
  })

  it('is not misled by a report that is older than the balloon’s last step', () => {
    const memory = { actual: 700 * MiB, available: GiB, usable: 500 * MiB, unused: 500 * MiB }
    const view = viewOf({ domains: [{ name: 'a', memory }] }) // it used 524 MiB when it still had 1024
    expect(limited(view, [size(view, 0, 300)])).toEqual({ done: ['a 624'], rules: ['guest-floor instead'] })
  })

  it('takes nothing from a guest that has less than its margin', () => {
    const view = viewOf({ domains: [{ name: 'a', memory: { usable: 50 * MiB } }] })
    expect(limited(view, [size(view, 0, 900)])).toEqual({
      done: [],
      rules: ['guest-floor instead', 'no-change'],
    })
  })

  it('stops at the floor that its settings give it', () => {
    const view = viewOf({ domains: [{ name: 'a', settings: { memoryFloor: 600 * MiB } }] })
    const { plan, clamps } = guard([size(view, 0, 100)], view, limits, new Ledger())
    expect(plan).toMatchObject([{ bytes: 600 * MiB }])
    expect(clamps).toMatchObject([
      { rule: 'guest-floor', cause: { kind: 'below-memory-floor', memoryFloor: 600 * MiB } },
    ])
  })

  it('is not done to a guest whose floor is above its maximum, and it is said', () => {
    const view = viewOf({ domains: [{ name: 'a', settings: { memoryFloor: 5 * GiB } }] })
    const { plan, skipped } = guard([size(view, 0, 600)], view, limits, new Ledger())
    expect(plan).toEqual([])
    const reason = { kind: 'floor-above-maximum', memoryFloor: 5 * GiB, maximum: 4 * GiB }
    expect(skipped).toMatchObject([{ domain: 'a', what: 'memory', rule: 'unmanaged', reason }])
  })

  it('that has become too deep is called back', () => {
    const memory = { target: 400 * MiB, usable: 60 * MiB }
    const view = viewOf({ domains: [{ name: 'a', memory }] })
    expect(limited(view, [size(view, 0, 900)])).toEqual({ done: ['a 1024'], rules: ['guest-floor instead'] })
  })
})

describe('a ceiling', () => {
  const view = viewOf({ domains: [{ name: 'a', settings: { memoryCeiling: 1500 * MiB } }] })
  const larger = viewOf({ domains: [{ name: 'a', settings: { memoryCeiling: 512 * MiB } }] })

  it('ends growth', () => {
    expect(limited(view, [size(view, 0, 2000)])).toEqual({
      done: ['a 1500'],
      rules: ['guest-ceiling instead'],
    })
    expect(limited(view, [size(view, 0, 1500)])).toEqual({ done: ['a 1500'], rules: [] })
  })

  it('that a guest is above already lets it keep and give what it has', () => {
    expect(limited(larger, [size(larger, 0, 800)])).toEqual({ done: ['a 800'], rules: [] })
    expect(limited(larger, [size(larger, 0, 1100)])).toEqual({
      done: [],
      rules: ['guest-ceiling instead', 'no-change'],
    })
  })
})

describe('growing', () => {
  it('leaves what is reserved for guests about to start, also where it looks free', () => {
    const reserved = viewOf({ total: 16 * GiB, available: 3 * GiB, reserved: GiB, domains: [{ name: 'a' }] })
    // Resident is all of its 1024 MiB; of the 3 GiB one is the reserve, one is reserved, and 64 MiB are overhead.
    expect(limited(reserved, [size(reserved, 0, 4000)])).toEqual({
      done: ['a 1984'],
      rules: ['host-reserve instead'],
    })
  })

  // 4 GiB less the reserve of 1 GiB; each domain counts 64 MiB more than it holds.
  const host = { total: 4 * GiB, domains: [{ name: 'a' }, { name: 'b' }] }

  it('of fractions of a byte never grants more than there is, and comes to an end', () => {
    const small = { actual: 128 * MiB, available: 128 * MiB, unused: 64 * MiB, usable: 64 * MiB }
    const domains = [
      { name: 'a', memory: small },
      { name: 'b', memory: { maximum: 64 * GiB } },
      { name: 'c', memory: { usable: 50 * MiB } },
    ]
    const view = viewOf({ total: 16 * GiB, available: 3 * GiB, domains })
    const [a, b, c] = view.domains
    for (let part = 1; part < 200; part++) {
      const some = setMemory(a!, 130 * MiB + part / 211, 'test')
      const books = new MemoryBudget(view, new Ledger())
      books.grant(some, a!)
      books.grant(setMemory(b!, GiB + books.headroom, 'test'), b!)
      expect(books.headroom, `after ${some.bytes}`).toBeGreaterThanOrEqual(0)
      // The third may not shrink, and nothing is left for it.
      const plan = [some, setMemory(b!, 64 * GiB, 'test'), setMemory(c!, 1, 'test')]
      expect(limited(view, plan).done).toHaveLength(2)
    }
  })

  it('is cut to what fits, in the order of the plan', () => {
    const view = viewOf(host)
    expect(limited(view, [size(view, 0, 1500), size(view, 1, 2000)])).toEqual({
      done: ['a 1500', 'b 1444'],
      rules: ['host-reserve instead'],
    })
    expect(limited(view, [size(view, 0, 3000), size(view, 1, 2000)])).toEqual({
      done: ['a 1920'],
      rules: ['host-reserve instead', 'host-reserve instead', 'no-change'],
    })
  })

  it('does not count on what shrinks in the same tick', () => {
    const view = viewOf(host)
    expect(limited(view, [size(view, 1, 400), size(view, 0, 3000)]).done).toEqual(['b 400', 'a 1920'])
  })

  it('does not count on what has been asked to shrink and has not', () => {
    const view = viewOf({ ...host, domains: [{ name: 'a' }, { name: 'b', memory: { target: 400 * MiB } }] })
    expect(limited(view, [size(view, 0, 3000)]).done).toEqual(['a 1920'])
  })

  it('counts what is on its way, also where a later request took it back unseen', () => {
    const promised = viewOf({
      ...host,
      domains: [{ name: 'a' }, { name: 'b', memory: { target: 1800 * MiB } }],
    })
    expect(limited(promised, [size(promised, 0, 3000)]).done).toEqual(['a 1144'])

    const view = viewOf({ ...host, domains: [{ name: 'a' }, { name: 'b', memory: { target: 400 * MiB } }] })
    const ledger = new Ledger()
    ledger.memoryRequested(view.domains[1]!, 1800 * MiB, 10)
    ledger.memoryRequested(view.domains[1]!, 400 * MiB, 20)
    ledger.observe(view, 15) // asked for between the two: the balloon may have grown since
    expect(limited(view, [size(view, 0, 3000)], ledger).done).toEqual(['a 1144'])
    ledger.observe(view, 25)
    expect(limited(view, [size(view, 0, 3000)], ledger).done).toEqual(['a 1920'])
  })

  it('counts domains that nobody may touch, and those of which nothing is known with all they may have', () => {
    const memory = { hold: 'stuck' as const, actual: undefined, maximum: 1200 * MiB }
    const view = viewOf({ ...host, domains: [{ name: 'a' }, { name: 'b', memory }] })
    expect(limited(view, [size(view, 0, 3000)]).done).toEqual(['a 1744'])
  })

  it('takes only what the host is seen to have', () => {
    const view = viewOf({ ...host, available: 1400 * MiB }) // less the reserve and 64 MiB of overhead for each
    expect(limited(view, [size(view, 0, 3000)])).toEqual({
      done: ['a 1272'],
      rules: ['host-reserve instead'],
    })
    const none = viewOf({ ...host, available: 900 * MiB })
    expect(limited(none, [size(none, 0, 3000)]).done).toEqual([])
    const promised = [{ name: 'a' }, { name: 'b', memory: { rss: 924 * MiB } }] // b may take 100 MiB without asking
    const less = viewOf({ ...host, domains: promised, available: 1400 * MiB })
    expect(limited(less, [size(less, 0, 3000)]).done).toEqual(['a 1172'])
  })

  it('ends at the maximum', () => {
    const view = viewOf({ domains: [{ name: 'a' }] })
    expect(limited(view, [size(view, 0, 5000)])).toEqual({ done: ['a 4096'], rules: ['invalid instead'] })
  })

  it('is refused on a host that does not tell its memory', () => {
    const view = viewOf({ ...host, total: Number.NaN })
    expect(limited(view, [size(view, 0, 1500)]).done).toEqual([])
  })
})

describe('pinning', () => {
  it('keeps to what is allowed and online', () => {
    const shape = {
      pcpus: 8,
      online: CpuSet.range(0, 5),
      domains: [{ name: 'a', vcpus: [{ allowed: CpuSet.range(2, 7) }] }],
    }
    const view = viewOf(shape)
    const to = (...cpus: number[]) => limited(view, [pin(view.vcpus[0]!, CpuSet.of(...cpus), 'test')])
    expect(to(3)).toEqual({ done: ['a 0 3'], rules: [] })
    expect(to(1, 3, 7)).toEqual({ done: ['a 0 3'], rules: ['allowed-cpus instead'] })
    expect(to(0, 1)).toEqual({ done: [], rules: ['allowed-cpus'] })
    expect(to(6, 7)).toEqual({ done: [], rules: ['allowed-cpus'] })
    expect(to()).toEqual({ done: [], rules: ['allowed-cpus'] })
  })

  it('leaves alone what is so already, also where the mask is wider than the host', () => {
    const affinity = CpuSet.range(0, 63)
    const view = viewOf({ domains: [{ name: 'a', vcpus: [{ affinity }] }] })
    expect(limited(view, [pin(view.vcpus[0]!, CpuSet.range(0, 3), 'test')]).rules).toEqual(['no-change'])
  })

  it('leaves alone what could not be restored', () => {
    const view = viewOf({ domains: [{ name: 'a', vcpus: [{ affinity: undefined }] }] })
    expect(limited(view, [pin(view.vcpus[0]!, CpuSet.of(1), 'test')]).rules).toEqual(['stale-statistics'])
  })
})

describe('invalid', () => {
  it('is dropped, and of two actions about one thing the first that makes sense is done', () => {
    const view = viewOf({ domains: [{ name: 'a' }] })
    const [vcpu] = view.vcpus
    const plan: Action[] = [
      { ...size(view, 0, 500), uuid: 'unknown' },
      size(view, 0, Number.NaN),
      size(view, 0, -5),
      size(view, 0, 600),
      size(view, 0, 700),
      { ...pin(vcpu!, CpuSet.of(1), 'test'), vcpu: 9 },
      pin(vcpu!, CpuSet.of(1), 'test'),
      pin(vcpu!, CpuSet.of(2), 'test'),
    ]
    const { done, rules } = limited(view, plan)
    expect(done).toEqual(['a 600', 'a 0 1'])
    expect(rules).toEqual(Array(6).fill('invalid'))
  })
})
