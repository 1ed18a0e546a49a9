import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { lift } from '../../../lib/policy/lift.ts'
import type { Scheduler } from '../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../lib/policy/reason.ts'
import { balance, fair, lpt, oneMove, pack, roundRobin } from '../../../lib/schedulers/index.ts'
import type { VcpuView, View } from '../../../lib/view/view.ts'
import { runs } from '../../support/runs.ts'
import { World } from './world.ts'

const policies: Record<string, () => Scheduler> = { balance, fair, lpt, oneMove, pack, roundRobin }

/** What is wrong with a vCPU. */
const faults: Record<string, Partial<VcpuView>> = {
  none: {},
  'NaN demand': { demand: Number.NaN, demandRange: { low: Number.NaN, high: Number.NaN } },
  'negative demand': { demand: -0.5, demandRange: { low: -0.5, high: -0.5 } },
  'unknown demand': { demand: undefined, demandRange: undefined },
  'no pCPU allowed': { allowed: CpuSet.empty },
  'pCPUs allowed that are not there': { allowed: CpuSet.of(9) },
  'unknown affinity': { affinity: undefined },
  'unknown place': { pcpu: undefined, affinity: CpuSet.range(0, 3) },
}
const nobody = new Set([
  'NaN demand',
  'negative demand',
  'unknown demand',
  'no pCPU allowed',
  'unknown affinity',
])

const guests = fc.array(
  fc.record({
    on: fc.nat(3),
    demand: fc.double({ min: 0, max: 1, noNaN: true }),
    fault: fc.constantFrom(...Object.keys(faults)),
  }),
  { minLength: 1, maxLength: 8 },
)

describe.each(Object.entries(policies))('%s', (name, make) => {
  it('never makes a pin of figures that are none, nor one that is not allowed', () => {
    fc.assert(
      fc.property(guests, (list) => {
        const world = new World(4, list)
        const policy = lift('policy', make())
        let state = policy.initialState
        for (let look = 0; look < 6; look++) {
          const seen = world.look()
          const vcpus = seen.vcpus.map((vcpu, i) => ({ ...vcpu, ...faults[list[i]!.fault] }))
          const view: View = { ...seen, vcpus }
          const decision = policy.decide(view, state)
          state = decision.state
          for (const action of decision.plan) {
            if (action.kind !== 'pin') continue
            const { uuid, cpus, reason } = action
            const index = vcpus.findIndex(({ domain }) => domain.uuid === uuid)
            const { fault } = list[index]!
            // roundRobin looks at no load.
            if (name !== 'roundRobin' || !fault.endsWith('demand'))
              expect(nobody.has(fault), fault).toBe(false)
            expect(cpus.isEmpty || !cpus.isSubsetOf(vcpus[index]!.allowed)).toBe(false)
            expect(cpus.isSubsetOf(view.online)).toBe(true)
            expect(sentenceOf(reason)).not.toMatch(/NaN|undefined|Infinity/)
          }
        }
      }),
      { numRuns: runs(150) },
    )
  })
})
