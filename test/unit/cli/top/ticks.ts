import type { DomainRecord, TickRecord, VcpuRecord } from '../../../../lib/report/tick-json.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'

/** The shape of a host, in numbers of parts. */
export interface Shape {
  readonly sockets?: number
  readonly cellsEach?: number
  readonly cachesEach?: number
  readonly coresEach?: number
  readonly threadsEach?: number
}

/** The pCPUs of a host, numbered as Linux does: first threads first. */
export function pcpusOf({
  sockets = 1,
  cellsEach = 1,
  cachesEach = 1,
  coresEach = 2,
  threadsEach = 1,
}: Shape) {
  const cores = sockets * cellsEach * cachesEach * coresEach
  return Array.from({ length: cores * threadsEach }, (_, id): TickRecord['pcpus'][number] => {
    const core = id % cores
    const cache = Math.floor(core / coresEach)
    const cell = Math.floor(cache / cachesEach)
    const socket = Math.floor(cell / cellsEach)
    const siblings = Array.from({ length: threadsEach }, (_, thread) => core + thread * cores).join(',')
    return { id, cell, socket, die: socket, core, cache, siblings, busy: (id % 10) / 10 }
  })
}

export function guestOf(name: string, given: Partial<DomainRecord> = {}, index = 0): DomainRecord {
  const vcpu: VcpuRecord = {
    vcpu: 0,
    pcpu: 0,
    affinity: '0-1',
    allowed: '0-1',
    usage: 0.25,
    delay: 0.05,
    demand: 0.3,
  }
  return {
    uuid: `uuid-${name}-${index}`,
    name,
    id: index + 1,
    state: 'running',
    vcpus: [vcpu],
    memory: { actual: GiB, maximum: 2 * GiB, usable: 256 * MiB, target: GiB, progress: 'resting' },
    score: { cpu: 90, memory: 100, together: 90 },
    ...given,
  }
}

export function tickOf(index: number, given: Partial<TickRecord> = {}): TickRecord {
  const pcpus = given.pcpus ?? pcpusOf({})
  return {
    index,
    cause: 'interval',
    wallTime: Date.parse('2026-11-29T12:00:00') + 2_000 * index,
    time: 2_000 * index,
    summary: `tick ${index}: 1 guest, no change`,
    online: `0-${pcpus.length - 1}`,
    pcpus,
    cells: [],
    memory: { total: 8 * GiB, committed: GiB, budget: 7 * GiB, state: 'high', reserve: GiB, reserved: 0 },
    domains: [guestOf('web1')],
    plan: [],
    clamps: [],
    skipped: [],
    outcomes: [],
    errors: [],
    timing: { total: 1, sample: 1, observe: 0, decide: 0, guard: 0, actuate: 0, followUp: 0 },
    ...given,
  }
}

/** A pin that was done in a Tick. */
export function pinOf(domain: string, cpus: string, index = 0): TickRecord['outcomes'][number] {
  const reason = { kind: 'test', text: 'wants 40 %, from pCPU 0 to pCPU 1', figures: {} }
  return {
    action: { kind: 'pin', uuid: `uuid-${domain}-${index}`, domain, vcpu: 0, cpus, reason },
    status: 'applied',
    duration: 0.4,
  } as unknown as TickRecord['outcomes'][number]
}
