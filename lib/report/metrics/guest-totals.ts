import type { Tick } from '../../control/tick.ts'
import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { printable } from '../../util/printable.ts'
import type { DomainView, VcpuView } from '../../view/view.ts'

/** One guest at the last Tick. */
export interface GuestRow {
  readonly guest: DomainView
  readonly labels: { readonly domain: string }
  /** Milliseconds since the epoch at its View. */
  readonly wallTime: number
  readonly vcpus: readonly VcpuRow[]
  /** Of what it wanted, the part that it got; NaN where it is not known. */
  readonly scores: { readonly cpu: number; readonly memory: number; readonly together: number }
}

/** One of its vCPUs, with its seconds since Ballast began to sample it. */
export interface VcpuRow {
  readonly vcpu: VcpuView
  readonly labels: { readonly domain: string; readonly vcpu: string }
  readonly ran: number
  /** Undefined while no run delay was known. */
  readonly waited: number | undefined
}

/** By number of the vCPU; seconds. Numbers may have gaps. */
interface Totals {
  readonly run: RunIdentity
  readonly ran: number[]
  readonly waited: number[]
}

/**
 * How long the vCPUs of each guest have run and waited. Samples tell what happened since the sample before, as fractions of
 * an interval; a metric that several may scrape, each at its own times, has to count from a beginning.
 */
export class GuestTotals {
  #totals: ReadonlyMap<string, Totals> = new Map()
  #lastTime = Number.NaN

  observe({ cause, view }: Tick): void {
    // Without a new CPU sample the View repeats what was counted already.
    if (cause !== 'interval' || view.time === this.#lastTime) return
    this.#lastTime = view.time
    const next = new Map<string, Totals>()
    for (const domain of view.domains) {
      const before = this.#totals.get(domain.uuid)
      const totals =
        before && isSameRun(before.run, domain) ? before : { run: runOf(domain), ran: [], waited: [] }
      next.set(domain.uuid, totals)
      if (view.interval !== undefined) count(totals, domain.vcpus, view.interval / 1_000)
    }
    this.#totals = next
  }

  /** The guests of a Tick with what was counted so far. */
  rows({ view, scores }: Tick): GuestRow[] {
    return view.domains.map((guest, row) => {
      const { ran = [], waited = [] } = this.#totals.get(guest.uuid) ?? {}
      const labels = { domain: printable(guest.name) }
      const vcpus = guest.vcpus.map((vcpu) => ({
        vcpu,
        labels: { ...labels, vcpu: `${vcpu.vcpu}` },
        ran: ran[vcpu.vcpu] ?? 0,
        waited: waited[vcpu.vcpu],
      }))
      const part = (points: ArrayLike<number>) => (points[row] ?? Number.NaN) / 100
      const { cpu, memory, together } = scores
      const parts = { cpu: part(cpu), memory: part(memory), together: part(together) }
      return { guest, labels, wallTime: view.wallTime, vcpus, scores: parts }
    })
  }
}

function count({ ran, waited }: Totals, vcpus: readonly VcpuView[], seconds: number): void {
  for (const { vcpu, usage, delay, throttled = 0 } of vcpus) {
    if (usage !== undefined) ran[vcpu] = (ran[vcpu] ?? 0) + usage * seconds
    // The kernel's counter, which libvirt hands on, has what quotas hold back in it.
    if (delay !== undefined) waited[vcpu] = (waited[vcpu] ?? 0) + (delay + throttled) * seconds
  }
}
