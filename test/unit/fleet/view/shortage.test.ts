import { expect, it } from 'vitest'
import { balance } from '../../../../lib/fleet/policies/balance.ts'
import { hasMemoryShortage, wantsOf } from '../../../../lib/fleet/view/shortage.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { viewOf } from '../../../support/fleet/fleets.ts'

it('counts a guest with what its hypervisor really takes, at least with what any does', () => {
  const wants = (guest: object) => wantsOf(viewOf([{ guests: [guest] }]).guests[0]!.report)
  expect(wants({ need: 3 })).toBe(3 * GiB + 64 * MiB)
  expect(wants({ need: 3, overhead: 0.01 })).toBe(3 * GiB + 64 * MiB)
  expect(wants({ need: 3, overhead: 0.5 })).toBe(3.5 * GiB)
  expect(wants({ need: 3, overhead: 0.5, hugePages: 1 })).toBe(2.5 * GiB)
  // What it holds has its overhead already.
  expect(wants({ memory: 4, overhead: 0.5 })).toBe(4 * GiB + 64 * MiB)
})

it('moves the cheapest guest off a host that is short by overhead alone', () => {
  const guests = (overhead: number) => [
    { memory: 4, need: 4, overhead },
    { memory: 2, need: 2, overhead },
    { memory: 4, need: 4, overhead },
  ]
  const planned = (overhead: number) => {
    const view = viewOf([{ budget: 10.5, guests: guests(overhead) }, {}])
    const policy = balance()
    const moved = policy.decide(view, policy.initialState).plan.steps.map(({ guestName }) => guestName)
    return { isShort: hasMemoryShortage(view.hosts[0]!), moved }
  }
  expect(planned(0.1)).toEqual({ isShort: false, moved: [] })
  expect(planned(0.2)).toEqual({ isShort: true, moved: ['g1'] })
})
