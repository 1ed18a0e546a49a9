import type { SetMemoryAction } from '../../policy/plan.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import { commitment } from '../../view/memory/commitment.ts'
import type { DomainMemoryView, View } from '../../view/view.ts'
import { levelsOf, type MemoryFigures, marginOf } from './figures.ts'

/**
 * What is to be expected of balloons that are set together, once all have their sizes and guests use what they use now: what
 * a balloon gives is free memory of its guest, and what it takes is none of the host's commitment any more.
 */
export class PredictedMemory {
  readonly #view: View
  readonly #margin: number

  constructor(actions: readonly SetMemoryAction[], view: View, domainOverhead: number) {
    this.#view = view
    const freed = actions.map((action) => {
      const domain = domainsByUuid(view.domains).get(action.uuid)
      if (!domain) return 0
      const after = { memory: resized(domain.memory, action.bytes) }
      return commitment(domain, domainOverhead) - commitment(after, domainOverhead)
    })
    this.#margin = freed.reduce((margin, bytes) => margin + bytes, marginOf(view.memory))
  }

  figures({ uuid, bytes }: SetMemoryAction): MemoryFigures | undefined {
    const domain = domainsByUuid(this.#view.domains).get(uuid)
    if (!domain) return undefined
    const { actual, usable, unused } = levelsOf(resized(domain.memory, bytes))
    return { actual, usable, unused, swapped: Number.NaN, majorFaults: Number.NaN, margin: this.#margin }
  }
}

/** A guest's memory once its balloon has this size. */
function resized(memory: DomainMemoryView, bytes: number): DomainMemoryView {
  const { actual = bytes, usable, unused, rss } = memory
  const after = (level: number | undefined) => level && Math.max(0, level + bytes - actual)
  // What QEMU has beside the guest's memory stays; pages that the guest gives back do not.
  const resident = rss && Math.min(rss, bytes) + Math.max(0, rss - Math.max(actual, bytes))
  return {
    ...memory,
    actual: bytes,
    target: bytes,
    usable: after(usable),
    unused: after(unused),
    rss: resident,
  }
}
