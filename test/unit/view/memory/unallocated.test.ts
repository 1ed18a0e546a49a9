import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freeMemory } from '../../../../lib/ballooning/free-memory.ts'
import { MemoryBudget } from '../../../../lib/control/guard/memory.ts'
import { Ledger } from '../../../../lib/control/ledger/ledger.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { unallocatedMemory } from '../../../../lib/view/memory/unallocated.ts'
import { runs } from '../../../support/runs.ts'
import { anyView, viewOf } from '../../control/views.ts'

describe('unallocated memory', () => {
  it('is the same to policies and to the guard, as long as nothing is under way', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const free = Math.max(0, freeMemory(view))
        expect(new MemoryBudget(view, new Ledger()).headroom).toBe(Number.isNaN(free) ? 0 : free)
      }),
      { numRuns: runs(300) },
    )
  })

  it('is less to the guard by what no sample shows yet', () => {
    const view = viewOf({ domains: [{ name: 'a' }] })
    const ledger = new Ledger()
    ledger.memoryOutcomeUnknown(view.domains[0]!, GiB + 300 * MiB, 1)
    expect(freeMemory(view) - new MemoryBudget(view, ledger).headroom).toBe(300 * MiB)
  })

  it('does not count what is resident beyond what a domain is committed to as free', () => {
    const view = viewOf({ domains: [{ name: 'a', memory: { rss: 2 * GiB } }], available: 3 * GiB })
    expect(unallocatedMemory(view)).toBe(3 * GiB - GiB)
  })
})
