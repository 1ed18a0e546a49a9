import type { Tick } from '../../control/tick.ts'
import { DomainState, stateName } from '../../host/sample.ts'
import { type Column, SetTable, thousandths, whole } from '../../report/columns.ts'
import { known } from '../../report/known-fields.ts'
import { reasonRecord } from '../../report/reason-record.ts'
import { tickDecisions } from '../../report/tick-decisions.ts'
import { KiB } from '../../util/units.ts'
import type { View } from '../../view/view.ts'
import type { ColumnsLine, HostLine, StandingLine } from './protocol.ts'
import type { Exceptions, HostRecord, TickColumns } from './tick-columns.ts'

/** A Tick as lines. What has not changed since the Tick before is the same piece of memory again. */
export interface TickLines {
  /** What holds until it is told anew. */
  readonly lasting: readonly Buffer[]
  readonly tick: Buffer
}

/** Writes Ticks down in columns. */
export class ColumnWriter {
  #host: HostRecord | undefined
  #topology: View['topology'] | undefined
  #hostLine: Buffer = Buffer.alloc(0)
  #standing = ''
  #standingLine: Buffer = Buffer.alloc(0)

  write(tick: Tick): TickLines {
    const { view, scores } = tick
    const { clamps, skipped, plan: _, ...rest } = tickDecisions(tick)
    if (!this.#isSameHost(view)) {
      this.#host = hostOf(view)
      this.#topology = view.topology
      this.#hostLine = bufferOf({ host: this.#host } satisfies HostLine)
    }
    const standing = JSON.stringify({ standing: { clamps, skipped } } satisfies StandingLine)
    if (standing !== this.#standing) {
      this.#standing = standing
      this.#standingLine = Buffer.from(`${standing}\n`)
    }
    const columns: TickColumns = { ...rest, ...columnsOf(view, scores) }
    return {
      lasting: [this.#hostLine, this.#standingLine],
      tick: bufferOf({ columns } satisfies ColumnsLine),
    }
  }

  #isSameHost({ topology, domains }: View): boolean {
    const guests = this.#host?.guests
    if (!guests || topology !== this.#topology || guests.length !== domains.length) return false
    return guests.every(({ uuid, name, vcpus }, row) => {
      const domain = domains[row]!
      return (
        domain.uuid === uuid &&
        domain.name === name &&
        domain.vcpus.length === vcpus.length &&
        domain.vcpus.every(({ vcpu }, position) => vcpu === vcpus[position])
      )
    })
  }
}

function hostOf({ topology, domains }: View): HostRecord {
  return {
    pcpus: topology.pcpus.map(({ id, socket, cell, cache, siblings, capacity }) =>
      known({ id, socket, cell, cache, siblings: siblings.toString(), capacity }),
    ),
    guests: domains.map(({ uuid, name, vcpus }) => ({ uuid, name, vcpus: vcpus.map(({ vcpu }) => vcpu) })),
  }
}

function columnsOf(
  view: View,
  scores: Tick['scores'],
): Pick<TickColumns, 'pcpus' | 'guests' | 'vcpus' | 'sets' | 'memory'> {
  const { topology, domains, vcpus } = view
  const { committed, budget, state } = view.memory
  const seen = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  const pcpus = topology.pcpus.map(({ id }) => seen.get(id))
  const memories = domains.map(({ memory }) => memory)
  const sets = new SetTable()
  return {
    pcpus: known({
      busy: column(pcpus, (pcpu) => thousandths(pcpu?.busy)),
      background: column(pcpus, (pcpu) => thousandths(pcpu?.background)),
      unusable: exceptions(pcpus, (pcpu) => pcpu?.unusable && reasonRecord(pcpu.unusable)),
    }),
    guests: known({
      cpuScore: column(domains, (_, row) => whole(scores.cpu[row])),
      memoryScore: column(domains, (_, row) => whole(scores.memory[row])),
      cpuShares: column(domains, ({ cpuShares }) => whole(cpuShares)),
      maximum: column(memories, ({ maximum }) => kibibytes(maximum)),
      actual: column(memories, ({ actual }) => kibibytes(actual)),
      target: column(memories, ({ target }) => kibibytes(target)),
      spare: column(memories, ({ usable, unused }) => kibibytes(usable ?? unused)),
      need: column(memories, ({ need }) => kibibytes(need?.total)),
      state: exceptions(domains, ({ state }) =>
        state === DomainState.running ? undefined : stateName(state),
      ),
      hold: exceptions(memories, ({ hold }) => hold),
      progress: exceptions(memories, ({ progress }) => (progress === 'resting' ? undefined : progress)),
      swappedOut: exceptions(memories, ({ swappedOut }) => kibibytes(swappedOut) || undefined),
      underPressure: memories.flatMap(({ events }, row) => (events?.underPressure ? row : [])),
    }),
    vcpus: known({
      pcpu: column(vcpus, ({ pcpu }) => whole(pcpu)),
      usage: column(vcpus, ({ usage }) => thousandths(usage)),
      delay: column(vcpus, ({ delay }) => thousandths(delay)),
      demand: column(vcpus, ({ demand }) => thousandths(demand)),
      throttled: column(vcpus, ({ throttled }) => thousandths(throttled)),
      affinity: column(vcpus, ({ affinity }) => (affinity ? sets.add(affinity) : null)),
      allowed: column(vcpus, ({ allowed }) => sets.add(allowed)),
    }),
    sets: sets.lists,
    memory: known({ committed, budget, state }),
  }
}

/** Undefined: nothing is known of any of them. */
function column<T>(
  of: readonly T[],
  figure: (one: T, position: number) => Column[number],
): Column | undefined {
  const figures = of.map(figure)
  return figures.some((value) => value !== null) ? figures : undefined
}

function exceptions<T, E>(of: readonly T[], exception: (one: T) => E | undefined): Exceptions<E> {
  const found: Record<string, E> = {}
  for (const [position, one] of of.entries()) {
    const value = exception(one)
    if (value !== undefined) found[position] = value
  }
  return found
}

function kibibytes(bytes: number | undefined): number | null {
  return bytes === undefined ? null : whole(bytes / KiB)
}

function bufferOf(line: HostLine | ColumnsLine): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`)
}
