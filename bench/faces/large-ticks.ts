import type { Tick } from '../../lib/control/tick.ts'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Topology } from '../../lib/host/topology.ts'
import { MiB } from '../../lib/util/units.ts'
import { tickOf, viewOf } from '../../test/unit/report/ticks.ts'
import { seeded } from '../seeded.ts'

/** The host that all faces are measured with. */
export const size = { guests: 1_000, vcpus: 4, pcpus: 512, sockets: 4, cachesPerSocket: 8 }

/** Ticks of a large host, each unlike the one before: `wallTime` goes on by a second. */
export function largeTicks(count: number): Tick[] {
  const random = seeded(1)
  const topology = topologyOf()
  return Array.from({ length: count }, (_, index) => {
    const sketches = Array.from({ length: size.guests }, (_, guest) => ({
      name: `guest-${guest}.example.org`,
      vcpus: Array.from({ length: size.vcpus }, (_, vcpu) => {
        const usage = 0.05 + 0.1 * random()
        return { on: (guest * size.vcpus + vcpu) % size.pcpus, usage, delay: 0.02 * random(), demand: usage }
      }),
      memory: { actual: (512 + Math.floor(512 * random())) * MiB },
    }))
    const view = viewOf(size.pcpus, sketches)
    const pcpus = view.pcpus.map((pcpu, id) => ({ ...pcpu, topology: topology.pcpus[id]!, busy: random() }))
    return tickOf(index, { ...view, topology, pcpus })
  })
}

function topologyOf(): Topology {
  const perSocket = size.pcpus / size.sockets
  const online = CpuSet.range(0, size.pcpus - 1)
  const socketOf = (id: number) => Math.floor(id / perSocket)
  return {
    pcpus: Array.from(online, (id) => ({
      id,
      cell: socketOf(id),
      socket: socketOf(id),
      die: 0,
      core: Math.floor(id / 2),
      cache: Math.floor(id / (perSocket / size.cachesPerSocket)),
      siblings: CpuSet.of(id, id ^ 1),
    })),
    online,
    cpuCount: size.pcpus,
    cells: Array.from({ length: size.sockets }, (_, id) => ({
      id,
      cpus: CpuSet.range(id * perSocket, (id + 1) * perSocket - 1),
      memory: Number.NaN,
      distances: new Map([[id, 10]]),
    })),
    memory: viewOf(1, []).topology.memory,
  }
}
