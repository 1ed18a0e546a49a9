import { stateName } from '../../host/sample.ts'
import { MiB } from '../../util/units.ts'
import { deviationOf, isFullSample } from '../../view/cpu/pcpu-loads.ts'
import type { Scores } from '../../view/score/scores.ts'
import type { View } from '../../view/view.ts'
import { type Column, SetTable, thousandths, whole } from '../columns.ts'
import { known } from '../known-fields.ts'
import { reasonRecord } from '../reason-record.ts'
import type { TickDecisions } from '../tick-decisions.ts'
import type { FeedMessage, FeedTick, Inventory } from './messages.ts'

/** A Tick, or what a recording has of one. */
export interface Decided {
  readonly view: View
  readonly scores: Pick<Scores, 'cpu' | 'memory'>
  readonly decisions: TickDecisions
}

/** Makes messages of Ticks, in their order: each with what has changed beside it. */
export class FeedWriter {
  #inventory: Inventory | undefined
  #topology: View['topology'] | undefined
  #standing = ''

  /** What `decided` says that was not said before, and at last its tick. */
  write({ view, scores, decisions }: Decided): FeedMessage[] {
    const { clamps, skipped, plan: _, ...rest } = decisions
    const messages: FeedMessage[] = []
    if (!this.#isSameInventory(view)) {
      this.#inventory = inventoryOf(view)
      this.#topology = view.topology
      messages.push({ inventory: this.#inventory })
    }
    const standing = { clamps, skipped }
    const text = JSON.stringify(standing)
    if (text !== this.#standing) {
      this.#standing = text
      messages.push({ standing })
    }
    messages.push({ tick: { ...rest, ...columnsOf(view, scores) } })
    return messages
  }

  /** The next tick is told to somebody who knows nothing. */
  reset(): void {
    this.#inventory = undefined
    this.#standing = ''
  }

  #isSameInventory({ topology, domains }: View): boolean {
    const guests = this.#inventory?.guests
    if (!guests || topology !== this.#topology || guests.length !== domains.length) return false
    return guests.every(({ uuid, name, vcpus }, row) => {
      const domain = domains[row]!
      return domain.uuid === uuid && domain.name === name && domain.vcpus.length === vcpus
    })
  }
}

function inventoryOf({ topology, domains, pcpus }: View): Inventory {
  const capacities = new Map(pcpus.map(({ id, capacity }) => [id, capacity]))
  return {
    pcpus: topology.pcpus.map(({ id, cell, socket, cache, core }) => {
      return { id, cell, socket, cache, core, capacity: capacities.get(id) ?? 1 }
    }),
    guests: domains.map(({ uuid, name, vcpus }) => ({ uuid, name, vcpus: vcpus.length })),
  }
}

type Columns = Pick<FeedTick, 'pcpus' | 'guests' | 'vcpus' | 'sets' | 'deviation' | 'memory'>

function columnsOf(view: View, scores: Decided['scores']): Columns {
  const { topology, domains, vcpus } = view
  const seen = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  const pcpus = topology.pcpus.map(({ id }) => seen.get(id))
  const sets = new SetTable()
  const { hugePages: _, ksm: __, ...memory } = view.memory
  return {
    pcpus: {
      busy: pcpus.map((pcpu) => thousandths(pcpu?.busy)),
      background: pcpus.map((pcpu) => thousandths(pcpu?.background)),
      unusable: Object.fromEntries(
        view.pcpus.flatMap(({ id, unusable }) => (unusable ? [[id, reasonRecord(unusable)]] : [])),
      ),
    },
    guests: {
      state: domains.map(({ state }) => stateName(state)),
      cpuScore: Array.from(domains, (_, row) => whole(scores.cpu[row])),
      memoryScore: Array.from(domains, (_, row) => whole(scores.memory[row])),
      maximum: domains.map(({ memory }) => mebibytes(memory.maximum)),
      actual: domains.map(({ memory }) => mebibytes(memory.actual)),
      target: domains.map(({ memory }) => mebibytes(memory.target)),
      inUse: domains.map(({ memory }) => mebibytes(memory.need?.inUse)),
      need: domains.map(({ memory }) => mebibytes(memory.need?.total)),
      hold: domains.map(({ memory }) => memory.hold ?? null),
    },
    vcpus: {
      pcpu: vcpus.map(({ pcpu }) => pcpu ?? null),
      usage: vcpus.map(({ usage }) => thousandths(usage)),
      delay: vcpus.map(({ delay }) => thousandths(delay)),
      demand: vcpus.map(({ demand }) => thousandths(demand)),
      affinity: vcpus.map(({ affinity }) => (affinity ? sets.add(affinity) : null)),
      allowed: vcpus.map(({ allowed }) => sets.add(allowed)),
    },
    sets: sets.lists,
    ...known({ deviation: isFullSample(view) ? 100 * deviationOf(view) : undefined }),
    memory: known(memory),
  }
}

function mebibytes(bytes: number | undefined): Column[number] {
  return bytes === undefined ? null : whole(bytes / MiB)
}
