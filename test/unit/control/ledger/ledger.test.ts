import { describe, expect, it } from 'vitest'
import { Ledger } from '../../../../lib/control/ledger/ledger.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { viewOf } from '../views.ts'

const seen = (list: string, online = CpuSet.range(0, 7)) =>
  viewOf({ pcpus: 8, online, domains: [{ name: 'a', vcpus: [{ affinity: CpuSet.parse(list) }] }] })
const holding = (bytes: number, hold?: 'stuck') =>
  viewOf({ domains: [{ name: 'a', memory: { actual: bytes, hold } }] })

describe('pins', () => {
  function afterPin(list: string) {
    const ledger = new Ledger()
    ledger.pinned(seen('0').domains[0]!, 0, CpuSet.parse(list), -1)
    const foreign = (view: ReturnType<typeof seen>) => {
      ledger.observe(view, undefined)
      return ledger.externalAffinity(view.vcpus[0]!)?.toString()
    }
    return { ledger, foreign }
  }

  it('are ours while they are as we left them', () => {
    const { foreign } = afterPin('2')
    expect(foreign(seen('2'))).toBeUndefined()
    expect(foreign(seen('2'))).toBeUndefined()
    expect(foreign(seen('3'))).toBe('3')
    expect(foreign(seen('2'))).toBe('3')
  })

  it('are nobody else’s change when pCPUs go offline and come back', () => {
    const { foreign } = afterPin('2,3')
    expect(foreign(seen('2-3'))).toBeUndefined()
    expect(foreign(seen('2', CpuSet.of(0, 1, 2)))).toBeUndefined()
    expect(foreign(seen('2-3'))).toBeUndefined()
    expect(foreign(seen('0-1', CpuSet.of(0, 1)))).toBeUndefined()
  })

  it('may be narrowed by the kernel once, and are foreign when they change after that', () => {
    const { ledger, foreign } = afterPin('1-3')
    expect(foreign(seen('1-2'))).toBeUndefined()
    expect(ledger.isAsRequested(seen('1-2').vcpus[0]!, CpuSet.parse('1-3'))).toBe(true)
    expect(foreign(seen('1-2'))).toBeUndefined()
    expect(foreign(seen('1'))).toBe('1')
  })

  it('are compared again only where an affinity has changed, once all were seen to stand', () => {
    const { ledger } = afterPin('2')
    const foreign = (list: string, isAsBefore: boolean) => {
      ledger.observe(seen(list), undefined, isAsBefore)
      return ledger.externalAffinity(seen(list).vcpus[0]!)?.toString()
    }
    const view = seen('2')
    // Not yet: the first of these learns what became of the pin, the second that it stands.
    for (const _ of [1, 2]) ledger.observe(view, undefined, true)
    expect(foreign('3', true)).toBeUndefined()
    expect(foreign('3', false)).toBe('3')

    const again = afterPin('2').ledger
    for (const _ of [1, 2]) again.observe(view, undefined, true)
    again.pinned(view.domains[0]!, 0, CpuSet.of(5), -1)
    again.observe(seen('5'), undefined, true)
    again.observe(seen('6'), undefined, true)
    expect(again.externalAffinity(seen('6').vcpus[0]!)?.toString()).toBe('6')
  })

  it('of unknown outcome may show or not', () => {
    const ledger = new Ledger()
    ledger.pinOutcomeUnknown(seen('0').domains[0]!, 0, CpuSet.of(5), CpuSet.of(0))
    for (const list of ['0', '5', '0']) ledger.observe(seen(list), undefined)
    expect(ledger.externalAffinity(seen('0').vcpus[0]!)).toBeUndefined()
    ledger.observe(seen('4'), undefined)
    expect(ledger.externalAffinity(seen('4').vcpus[0]!)?.toString()).toBe('4')
  })

  it('are not judged by what was seen before the call had returned', () => {
    const ledger = new Ledger()
    ledger.pinOutcomeUnknown(seen('0').domains[0]!, 0, CpuSet.of(5), CpuSet.of(0))
    ledger.pinned(seen('0').domains[0]!, 0, CpuSet.of(5), 10)
    ledger.observe({ ...seen('0'), time: 9 }, undefined)
    expect(ledger.externalAffinity(seen('0').vcpus[0]!)).toBeUndefined()
    ledger.observe({ ...seen('0'), time: 11 }, undefined)
    expect(ledger.externalAffinity(seen('0').vcpus[0]!)?.toString()).toBe('0')
  })

  it('are forgotten when the domain restarts or ends', () => {
    const { ledger, foreign } = afterPin('2')
    const restarted = viewOf({ domains: [{ name: 'a', id: 9, vcpus: [{ affinity: CpuSet.of(1) }] }] })
    expect(foreign(restarted)).toBeUndefined()
    ledger.pinned(restarted.domains[0]!, 0, CpuSet.of(3), -1)
    ledger.memoryRequested(restarted.domains[0]!, GiB, 1)
    expect(ledger.targetsOf(restarted.domains).size).toBe(1)
    // Before anybody has seen that it restarted again.
    expect(ledger.targetsOf([{ ...restarted.domains[0]!, id: 10 }]).size).toBe(0)
    ledger.observe(viewOf({ domains: [] }), 2)
    expect(ledger.targetsOf(restarted.domains).size).toBe(0)
  })
})

describe('balloons', () => {
  const { domains } = holding(GiB)
  const { uuid } = domains[0]!
  const asked = (...asks: [mib: number, time: number][]) => {
    const ledger = new Ledger()
    for (const [mib, time] of asks) ledger.memoryRequested(holding(GiB).domains[0]!, mib * MiB, time)
    return ledger
  }

  it('have a target until they are seen to have reached it', () => {
    const ledger = asked([500, 10])
    ledger.observe(holding(500 * MiB), 5) // a sample from before: it says nothing of the request
    expect(ledger.targetsOf(domains).get(uuid)).toBe(500 * MiB)
    ledger.observe(holding(700 * MiB), 20)
    expect(ledger.targetsOf(domains).get(uuid)).toBe(500 * MiB)
    ledger.observe(holding(500 * MiB + 1024), 30)
    expect(ledger.targetsOf(domains).size).toBe(0)
  })

  it('keep it while the guest does not answer', () => {
    const ledger = asked([500, 10])
    ledger.observe(holding(500 * MiB, 'stuck'), 20)
    expect(ledger.targetsOf(domains).size).toBe(1)
  })

  it('may have the size of any request since they were last seen', () => {
    const ledger = asked([900, 10], [1500, 20], [400, 30])
    expect(ledger.largestRequested(holding(GiB).domains[0]!)).toBe(1500 * MiB)
    ledger.observe(holding(GiB), 25)
    expect(ledger.largestRequested(holding(GiB).domains[0]!)).toBe(1500 * MiB)
    ledger.observe(holding(GiB), 35)
    expect(ledger.largestRequested(holding(GiB).domains[0]!)).toBe(400 * MiB)
  })

  it('may have the size of a call of unknown outcome for a minute, and it is no target', () => {
    const ledger = asked([500, 10])
    ledger.memoryOutcomeUnknown(holding(GiB).domains[0]!, 2000 * MiB, 20)
    ledger.observe(holding(GiB), 50)
    expect(ledger.targetsOf(domains).get(uuid)).toBe(500 * MiB)
    expect(ledger.largestRequested(holding(GiB).domains[0]!)).toBe(2000 * MiB)
    ledger.observe(holding(500 * MiB), 60)
    expect(ledger.targetsOf(domains).size).toBe(0)
    expect(ledger.largestRequested(holding(GiB).domains[0]!)).toBe(2000 * MiB)
    ledger.observe(holding(500 * MiB), 100_000)
    expect(ledger.largestRequested(holding(GiB).domains[0]!)).toBe(0)
  })
})
