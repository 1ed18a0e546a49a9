import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Guarded, guard } from '../../../../lib/control/guard/guard.ts'
import { Ledger } from '../../../../lib/control/ledger/ledger.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { isRunning } from '../../../../lib/host/sample.ts'
import { type Action, actionKey, type PinAction, type SetMemoryAction } from '../../../../lib/policy/plan.ts'
import { KiB, MiB } from '../../../../lib/util/units.ts'
import { commitment } from '../../../../lib/view/memory/commitment.ts'
import type { DomainView, View } from '../../../../lib/view/view.ts'
import { runs } from '../../../support/runs.ts'
import { anyPlan, anyView, domainOverhead } from '../views.ts'

const limits = {
  guestFloor: 200 * MiB,
  guestMargin: 100 * MiB + 100, // no whole KiB: the actuator's rounding must not take from it
  domainOverhead,
}

/** Who did what before this tick, by domain. */
const anyHistory = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'web-1'),
    asked: fc.option(
      fc.integer({ min: 1, max: 4096 }).map((mib) => mib * MiB),
      { nil: undefined },
    ),
    certain: fc.boolean(),
    pinned: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1 }), { nil: undefined }),
  }),
  { maxLength: 4 },
)

type History = { name: string; asked: number | undefined; certain: boolean; pinned: number[] | undefined }[]

function ledgerOf(view: View, history: History): Ledger {
  const ledger = new Ledger()
  for (const { name, asked, certain, pinned } of history) {
    const domain = view.domains.find((one) => one.name === name)
    if (!domain) continue
    if (asked && certain) ledger.memoryRequested(domain, asked, 1)
    if (asked && !certain) ledger.memoryOutcomeUnknown(domain, asked, 1)
    if (pinned) ledger.pinned(domain, 0, CpuSet.from(pinned), -1)
  }
  ledger.observe(view, 0)
  return ledger
}

interface Case {
  view: View
  plan: Action[]
  ledger: Ledger
  guarded: Guarded
  pins: { pin: PinAction; domain: DomainView }[]
  sizes: { size: SetMemoryAction; domain: DomainView }[]
}

/** Checks a property of whatever the guard lets through. */
function always(property: (one: Case) => void): void {
  const run = (view: View, plan: Action[], history: History) => {
    const ledger = ledgerOf(view, history)
    const guarded = guard(plan, view, limits, ledger)
    const domainOf = (action: Action) => view.domains.find(({ uuid }) => uuid === action.uuid)!
    const pins = guarded.plan.flatMap((pin) => (pin.kind === 'pin' ? [{ pin, domain: domainOf(pin) }] : []))
    const sizes = guarded.plan.flatMap((size) => {
      return size.kind === 'setMemory' ? [{ size, domain: domainOf(size) }] : []
    })
    property({ view, plan, ledger, guarded, pins, sizes })
  }
  fc.assert(fc.property(anyView, anyPlan, anyHistory, run), { numRuns: runs(2_000) })
}

const present = (domain: DomainView, ledger: Ledger) =>
  Math.max(domain.memory.actual ?? 0, domain.memory.target ?? 0, ledger.largestRequested(domain))

describe('whatever a policy wants and whatever is seen', () => {
  it('1: no guest is shrunk below what it uses plus its margin, nor below its floor', () => {
    always(({ sizes, ledger }) => {
      for (const { size, domain } of sizes) {
        const { actual, available, usable, unused } = domain.memory
        const used = Math.max(actual!, available ?? 0) - (usable ?? unused)!
        const asActuated = Math.floor(size.bytes / KiB) * KiB
        if (asActuated >= present(domain, ledger)) continue
        expect(asActuated).toBeGreaterThanOrEqual(used + limits.guestMargin)
        expect(asActuated).toBeGreaterThanOrEqual(limits.guestFloor)
        expect(asActuated).toBeGreaterThanOrEqual(Math.floor(domain.settings.memoryFloor ?? 0))
      }
    })
  })

  it('1: no guest grows above its ceiling, and none whose floor is above its maximum is touched', () => {
    always(({ sizes, ledger }) => {
      for (const { size, domain } of sizes) {
        const { memoryCeiling = Number.POSITIVE_INFINITY, memoryFloor = 0 } = domain.settings
        expect(size.bytes).toBeLessThanOrEqual(Math.max(memoryCeiling, present(domain, ledger)))
        expect(memoryFloor).toBeLessThanOrEqual(domain.memory.maximum ?? Number.POSITIVE_INFINITY)
      }
    })
  })

  it('2: the books never go above the budget by a grant, and nothing is granted that is not seen to be free', () => {
    always(({ view, sizes, ledger }) => {
      const asked = new Map(sizes.map(({ size }) => [size.uuid, size.bytes]))
      let books = 0
      let resident = 0
      let granted = 0
      for (const domain of view.domains) {
        const before = present(domain, ledger)
        const after = Math.max(before, asked.get(domain.uuid) ?? 0)
        const counted = { memory: { ...domain.memory, target: after } }
        const base = domain.memory.actual === undefined ? domain.memory : counted.memory
        books += commitment({ memory: base }, domainOverhead)
        granted += after - before
        resident += domain.memory.rss ?? domain.memory.actual ?? 0
      }
      if (granted === 0) return
      expect(books).toBeLessThanOrEqual(view.memory.budget)
      if (view.memory.available !== undefined) {
        const { available, reserve, reserved } = view.memory
        expect(books - resident).toBeLessThanOrEqual(available - reserve - reserved)
      }
    })
  })

  it('3: a domain on hold keeps its balloon as it is', () => {
    always(({ sizes }) => {
      for (const { domain } of sizes) {
        expect(domain.memory.hold).toBeUndefined()
        expect(domain.memory.actual).toBeDefined()
        expect(domain.memory.usable ?? domain.memory.unused).toBeDefined()
      }
    })
  })

  it('4: what is not ours, does not run or does not answer is not touched, and the tick says why', () => {
    always(({ view, pins, sizes, guarded }) => {
      for (const { domain } of [...pins, ...sizes]) {
        expect(isRunning(domain.state)).toBe(true)
        expect(domain.name).not.toBe('db')
        expect(domain.memory.hold).not.toBe('stuck')
      }
      const keys = guarded.skipped.map(({ uuid, what }) => `${uuid} ${what}`)
      // Of a domain, or each of its vCPUs, a reason is said once.
      const reasons = guarded.skipped.map(({ uuid, what, reason }) => {
        return `${uuid} ${what} ${reason.kind} ${'vcpu' in reason ? reason.vcpu : ''}`
      })
      expect(new Set(reasons).size).toBe(reasons.length)
      for (const { uuid, name, state, memory } of view.domains) {
        if (name === 'db' || !isRunning(state)) expect(keys).toContain(`${uuid} vcpus`)
        if (name === 'db' || !isRunning(state) || memory.hold) expect(keys).toContain(`${uuid} memory`)
      }
    })
  })

  it('5: a vCPU is pinned only within what is allowed and online, and never where somebody else pinned it', () => {
    always(({ view, pins, ledger }) => {
      for (const { pin, domain } of pins) {
        const vcpu = domain.vcpus.find((one) => one.vcpu === pin.vcpu)!
        expect(pin.cpus.isEmpty).toBe(false)
        expect(pin.cpus.isSubsetOf(vcpu.allowed)).toBe(true)
        expect(pin.cpus.isSubsetOf(view.online)).toBe(true)
        expect(vcpu.affinity).toBeDefined()
        expect(ledger.externalAffinity(vcpu)).toBeUndefined()
      }
    })
  })

  it('6: what is so already is not asked for again', () => {
    always(({ view, pins, sizes }) => {
      for (const { pin, domain } of pins) {
        const vcpu = domain.vcpus.find((one) => one.vcpu === pin.vcpu)!
        expect(pin.cpus.equals(vcpu.affinity!.and(view.online))).toBe(false)
      }
      for (const { size, domain } of sizes) {
        expect(Math.abs(size.bytes - (domain.memory.target ?? domain.memory.actual)!)).toBeGreaterThanOrEqual(
          MiB,
        )
      }
    })
  })

  it('7: all that is let through can be journaled first: what it was is known', () => {
    always(({ pins, sizes }) => {
      for (const { pin, domain } of pins)
        expect(domain.vcpus.find((one) => one.vcpu === pin.vcpu)!.affinity).toBeDefined()
      for (const { domain } of sizes) expect(domain.memory.actual).toBeDefined()
    })
  })

  it('the result makes sense on this host, with one action for one thing at most', () => {
    always(({ sizes, guarded, ledger }) => {
      const things = guarded.plan.map(actionKey)
      expect(new Set(things).size).toBe(things.length)
      for (const { size, domain } of sizes) {
        expect(size.bytes).toBeGreaterThan(0)
        expect(size.bytes).toBeLessThanOrEqual(
          Math.max(domain.memory.maximum ?? Number.POSITIVE_INFINITY, present(domain, ledger)),
        )
      }
    })
  })

  it('every action of the plan is done as it is, or a clamp says why not', () => {
    always(({ plan, guarded }) => {
      const accounted = new Set<Action>([...guarded.plan, ...guarded.clamps.map(({ action }) => action)])
      for (const action of plan) expect(accounted.has(action)).toBe(true)
      for (const { cause } of guarded.clamps) expect(cause).not.toBe('')
    })
  })

  it('a plan that went through goes through again unchanged', () => {
    always(({ view, guarded, ledger }) => {
      const again = guard(guarded.plan, view, limits, ledger)
      expect(again.plan).toEqual(guarded.plan)
      expect(again.clamps).toEqual([])
    })
  })
})
