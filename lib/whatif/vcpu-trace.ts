import type { CpuSample } from '../host/sample.ts'
import { smtSpeed } from '../simulation/execution.ts'
import { Contention } from '../view/cpu/contention.ts'
import { closedDemand, estimateDemand, onLargest } from '../view/cpu/demand.ts'
import { Elasticity } from '../view/cpu/elasticity.ts'
import { placeOf } from '../view/cpu/placement.ts'
import { VcpuTrack } from '../view/cpu/vcpu-track.ts'
import type { VcpuView, View } from '../view/view.ts'

/** From here on a vCPU hardly ever slept: what it would do with more time is not limited by its work. */
const neverSleeps = 0.97

/**
 * What one vCPU wanted in each sample of one run of its domain, as fractions of a pCPU of full speed that it would use
 * alone. Quotas are left out: the simulated host has its own.
 *
 * What contention hid is known in part only: `least` is what was done, `closed` what a guest that works and sleeps in
 * turn would have done without waiting. How much of the difference it really wanted is learned over the whole recording.
 */
export class VcpuTrace {
  readonly least: number[] = []
  readonly closed: number[] = []
  readonly track = new VcpuTrack()
  readonly #elasticity = new Elasticity()

  take({ least, closed, waited }: Wanted, row: number, contention: Contention): void {
    this.least.push(least)
    this.closed.push(closed)
    if (!Number.isNaN(waited)) this.#elasticity.next(least, waited, this.track.outside(row, contention))
  }

  /** Part of what was hidden that it wanted: 0 for work that arrives by the clock, 1 for a closed loop. */
  get elasticity(): number {
    return this.#elasticity.value
  }

  /** By sample: what it wanted; NaN: not known. */
  wanted(): number[] {
    const { elasticity } = this
    return this.least.map((least, index) => least + elasticity * (this.closed[index]! - least))
  }
}

/** The traces of all vCPUs of a recording. */
export class VcpuTraces {
  readonly #traces = new Map<string, VcpuTrace>()
  #contention: Contention | undefined

  /** Takes in a sample, and the View that was made of it. */
  take(view: View, cpu: CpuSample): void {
    this.#contention ??= new Contention(view.topology.cpuCount)
    const places = Int32Array.from(view.vcpus, (vcpu) =>
      vcpu.usage === undefined ? -1 : (placeOf(vcpu) ?? -1),
    )
    const traces = view.vcpus.map((vcpu) => {
      const trace = this.of(vcpu)
      trace.track.see(vcpu.affinity, vcpu.pcpu ?? -1)
      return trace
    })
    this.#contention.next({ cpu, places })
    const speeds = speedsOf(view)
    for (const [row, trace] of traces.entries()) {
      trace.take(wantedBy(view.vcpus[row]!, speeds), row, this.#contention)
    }
  }

  of({ domain, vcpu }: Pick<VcpuView, 'domain' | 'vcpu'>): VcpuTrace {
    const key = `${domain.uuid} ${domain.id} ${vcpu}`
    let trace = this.#traces.get(key)
    if (!trace) {
      trace = new VcpuTrace()
      this.#traces.set(key, trace)
    }
    return trace
  }
}

/** By pCPU number: how much of the work of one at full speed it did, beside what its siblings did. */
function speedsOf({ topology, pcpus }: View): Float64Array {
  const busy = new Float64Array(topology.cpuCount)
  for (const pcpu of pcpus) busy[pcpu.id] = pcpu.busy ?? 0
  const speeds = new Float64Array(topology.cpuCount).fill(1)
  for (const { id, capacity, topology: place } of pcpus) {
    let beside = 0
    for (const sibling of place.siblings) if (sibling !== id) beside = Math.max(beside, busy[sibling] ?? 0)
    speeds[id] = capacity * (1 - (1 - smtSpeed) * beside)
  }
  return speeds
}

/** What a sample says that a vCPU wanted. */
interface Wanted {
  readonly least: number
  readonly closed: number
  /** What of it waiting hid, where it is a closed loop. */
  readonly waited: number
}

function wantedBy(
  { usage = Number.NaN, delay = Number.NaN, throttled = 0, pcpu }: VcpuView,
  speeds: Float64Array,
): Wanted {
  const speed = (pcpu === undefined ? undefined : speeds[pcpu]) ?? 1
  const awake = usage + (Number.isNaN(delay) ? 0 : delay) + throttled
  const part = closedDemand(usage, delay, throttled)
  // A closed loop that works more slowly sleeps no longer: it does less in all, and less so the more it sleeps.
  const closed = awake > neverSleeps ? 1 : (speed * part) / (speed * part + 1 - part)
  // Of one that a quota held back all the time, what it did says nothing of what it wanted.
  const least = throttled > 0 && awake > neverSleeps ? closed : speed * estimateDemand(usage, Number.NaN)
  const waited = Math.max(0, onLargest(part, awake, speed) - least)
  return { least: Math.min(least, closed), closed, waited }
}
