import type { CpuSet } from '../../host/cpuset.ts'
import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { looksLikeCpuset, usableBy } from '../../view/cpu/usable-cpus.ts'
import { type DomainIndex, domainsByUuid, rowsByUuid } from '../../view/domains-by-uuid.ts'
import { negligible } from '../../view/memory/sizes.ts'
import { guestSize } from '../../view/memory/virtio-mem.ts'
import type { SeenDomain } from '../../view/memory-glance.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import { SharesLedger } from './cpu-shares.ts'
import { Quarantine } from './quarantine.ts'
import { Refusals } from './refusals.ts'
import { RefusedCpus } from './refused-cpus.ts'

/** What we did to one vCPU. */
interface PinRecord {
  /** What we last pinned it to. */
  requested: CpuSet
  /** Monotonic milliseconds when that call had returned: a call that nobody waits for any more may return at any time. */
  readonly time: number
  /** What it may be pinned to as well, since the outcome of a call is not known. */
  readonly maybe: CpuSet[]
  /** What it was seen to be since: the kernel may make less of it than was asked for. */
  became: CpuSet | undefined
  /** Whether it has changed in a way that may be the kernel's, or another program's. */
  doubted: boolean
}

/** A size that we asked one balloon for, without what virtio-mem devices have plugged. */
interface BalloonRequest {
  readonly bytes: number
  /** Monotonic milliseconds when the call had returned, or was no longer waited for. */
  readonly time: number
  /** False when the outcome of the call is not known. */
  readonly certain: boolean
}

/** Milliseconds after which a call of unknown outcome has come to nothing: libvirt itself gives up after 30 s. */
const longestCall = 60_000

/** What we did in one run of one domain. */
interface Run extends RunIdentity {
  /** Where its domain is likely to stand in a View. */
  row: number
  /** By vCPU; numbers may have gaps. */
  readonly pins: (PinRecord | undefined)[]
  /** By vCPU: what another program made of a pin. From then on it is not changed. */
  readonly external: Map<number, CpuSet>
  /** The last certain one is what the balloon is on its way to; it may have followed any other since it was seen. */
  requests: BalloonRequest[]
}

/**
 * What Ballast last applied, per run of a domain. It tells another program's change from its own, and which sizes
 * balloons may have that no sample has shown yet. The actuator writes it, the guard reads it.
 */
export class Ledger {
  /** The same for `cpu_shares`. */
  readonly shares = new SharesLedger()
  /** What could not be done. */
  readonly refusals = new Refusals()
  /** pCPUs that pins were refused on. */
  readonly refusedCpus = new RefusedCpus()
  /** What did harm and was undone. */
  readonly quarantine = new Quarantine()
  readonly #runs = new Map<string, Run>()
  /** Whether every pin of them was last seen as it was the time before. */
  #isSettled = false
  /** Those of them with sizes that balloons may be on their way to: few at any time, and asked for in every sample. */
  readonly #asked = new Map<string, Run>()
  /** UUIDs of those with a pin that another program changed, at least since they were seen first: hardly ever any. */
  readonly #touched = new Set<string>()
  /** UUIDs of domains of which it is to be asked anew what libvirt has their vCPUs pinned to. */
  readonly #doubted = new Set<string>()

  /**
   * By UUID: bytes that the balloons of these domains were last asked for and have not been seen to have reached. What a
   * run before was asked for is nothing to this one.
   */
  targetsOf(domains: readonly DomainIdentity[]): ReadonlyMap<string, number> {
    const targets = new Map<string, number>()
    if (this.#asked.size === 0) return targets
    const rows = rowsByUuid(domains)
    for (const [uuid, run] of this.#asked) {
      const row = rows.get(uuid)
      if (row === undefined || !isSameRun(run, domains[row]!)) continue
      const last = run.requests.findLast((ask) => ask.certain)
      if (last) targets.set(uuid, last.bytes)
    }
    return targets
  }

  /**
   * Compares with what is seen now: forgets what has restarted, ended or been reached, and notices what
   * another program changed. `memoryAskedAt` is when the memory sample in the view was asked for; `isAsBefore` says that the
   * domains are those of the view before, and that no affinity has changed since.
   */
  observe(view: View, memoryAskedAt: number | undefined, isAsBefore = false): void {
    this.shares.observe(view)
    this.refusals.observe(view)
    this.refusedCpus.observe(view)
    this.quarantine.observe(view)
    const domains = domainsByUuid(view.domains)
    if (!(isAsBefore && this.#isSettled)) this.#observeRuns(view, domains)
    if (memoryAskedAt !== undefined) this.observeMemory(domains, memoryAskedAt)
  }

  #observeRuns(view: View, domains: DomainIndex<DomainView>): void {
    this.#isSettled = true
    for (const [uuid, run] of this.#runs) {
      let domain = view.domains[run.row]
      if (domain?.uuid !== uuid) {
        domain = domains.get(uuid)
        if (domain) run.row = view.domains.indexOf(domain)
      }
      if (!domain || !isSameRun(run, domain)) {
        this.#runs.delete(uuid)
        this.#asked.delete(uuid)
        this.#touched.delete(uuid)
        continue
      }
      if (run.pins.length > 0) this.#observePins(run, domain, view)
    }
  }

  /** The same for balloons alone: the vCPUs in the view may be older than what we did to them. */
  observeMemory(domains: DomainIndex<SeenDomain>, memoryAskedAt: number): void {
    for (const [uuid, run] of this.#asked) {
      const domain = domains.get(uuid)
      if (!domain || !isSameRun(run, domain)) continue
      observeBalloon(run, domain, memoryAskedAt)
      if (run.requests.length === 0) this.#asked.delete(uuid)
    }
  }

  /** The vCPU has been pinned; `time` is when the call had returned. */
  pinned(domain: DomainIdentity, vcpu: number, cpus: CpuSet, time: number): void {
    const run = this.#run(domain)
    this.#isSettled = false
    run.pins[vcpu] = { requested: cpus, time, maybe: [], became: undefined, doubted: false }
    run.external.delete(vcpu)
  }

  /** The vCPU may have been pinned, or may still be; `before` is what it was seen to be. */
  pinOutcomeUnknown(domain: DomainIdentity, vcpu: number, cpus: CpuSet, before: CpuSet): void {
    const { pins } = this.#run(domain)
    this.#isSettled = false
    const none: PinRecord = {
      requested: before,
      time: Number.NEGATIVE_INFINITY,
      maybe: [],
      became: undefined,
      doubted: false,
    }
    const record = pins[vcpu] ?? none
    record.maybe.push(cpus)
    pins[vcpu] = record
  }

  /** What we last pinned this vCPU to, where no other program has changed it since. */
  requestedPin(domain: DomainIdentity, vcpu: number): CpuSet | undefined {
    const run = this.#runs.get(domain.uuid)
    if (!run || !isSameRun(run, domain) || run.external.has(vcpu)) return undefined
    const record = run.pins[vcpu]
    return record?.time === Number.NEGATIVE_INFINITY ? undefined : record?.requested
  }

  /** The UUIDs of domains whose pins are to be asked for anew: what was known of them may no longer be so. */
  takeDoubted(): readonly string[] {
    const doubted = [...this.#doubted]
    this.#doubted.clear()
    return doubted
  }

  /** The balloon itself has been asked for a size; `time` is when the call had returned. */
  memoryRequested(domain: DomainIdentity, bytes: number, time: number): void {
    this.#ask(domain, { bytes, time, certain: true })
  }

  /** The balloon may have been asked for a size, or may still be. */
  memoryOutcomeUnknown(domain: DomainIdentity, bytes: number, time: number): void {
    this.#ask(domain, { bytes, time, certain: false })
  }

  /** What another program made of the affinity that we had given this vCPU; undefined: none did. */
  externalAffinity(vcpu: VcpuView): CpuSet | undefined {
    return this.externalAffinities(vcpu.domain)?.get(vcpu.vcpu)
  }

  /** The same by number of the vCPU for all of a domain's that another program changed. */
  externalAffinities({ uuid }: Pick<DomainIdentity, 'uuid'>): ReadonlyMap<number, CpuSet> | undefined {
    return this.#touched.has(uuid) ? this.#runs.get(uuid)?.external : undefined
  }

  /** Whether we pinned this vCPU to `cpus` already, and what it has now is what the kernel made of that. */
  isAsRequested(vcpu: VcpuView, cpus: CpuSet): boolean {
    const record = this.#runs.get(vcpu.domain.uuid)?.pins[vcpu.vcpu]
    if (!record?.became || !vcpu.affinity) return false
    return record.requested.equals(cpus) && record.became.equals(vcpu.affinity)
  }

  /** What the guest may have got in all, in bytes, since it was last seen; 0: what is seen is all. */
  largestRequested({ uuid, memory }: Pick<SeenDomain, 'uuid' | 'memory'>): number {
    if (this.#asked.size === 0) return 0
    let largest = 0
    for (const { bytes } of this.#asked.get(uuid)?.requests ?? []) largest = Math.max(largest, bytes)
    return largest === 0 ? 0 : guestSize(memory, largest)
  }

  #observePins(run: Run, { vcpus }: DomainView, view: View): void {
    for (let i = 0; i < vcpus.length; i++) {
      const vcpu = vcpus[i]!
      const record = run.pins[vcpu.vcpu]
      // As it was when it was seen last, which nearly all are in nearly every tick.
      if (!record || (record.became === vcpu.affinity && !record.doubted && run.external.size === 0)) continue
      this.#isSettled = false
      this.#observePin(run, vcpu, view)
    }
  }

  /** Compares a vCPU that we pinned with what is seen of it. */
  #observePin(run: Run, vcpu: VcpuView, view: View): void {
    const record = run.pins[vcpu.vcpu]
    const seen = vcpu.affinity
    if (!record || !seen || view.time <= record.time) return
    const { doubted } = record
    if (run.external.size > 0) {
      if (run.external.has(vcpu.vcpu) && !doubted) return
      if (doubted) run.external.delete(vcpu.vcpu)
    }
    record.doubted = false
    if (record.became === seen) return
    const usable = usableBy(vcpu.domain, view.topology)
    // pCPUs come and go, and cpusets are changed, and affinities with them: that is nobody's change.
    const alike = (cpus: CpuSet) => cpus.equalsWithin(seen, usable)
    if (record.maybe.some(alike) || (record.became && alike(record.became))) return
    if (record.requested.and(usable).isEmpty) {
      run.pins[vcpu.vcpu] = undefined
    } else if (alike(record.requested) || (!record.became && seen.isSubsetOf(record.requested))) {
      record.became = seen
    } else if (doubted && vcpu.pin?.equals(record.requested)) {
      run.pins[vcpu.vcpu] = undefined
    } else {
      run.external.set(vcpu.vcpu, seen)
      this.#touched.add(vcpu.domain.uuid)
      // Where no cpuset can be read, libvirt is asked whether this is a pin, and the next sample tells.
      record.doubted = !doubted && !vcpu.domain.cpuset && looksLikeCpuset(seen, view)
      if (record.doubted) this.#doubted.add(vcpu.domain.uuid)
    }
  }

  #ask(domain: DomainIdentity, request: BalloonRequest): void {
    const run = this.#run(domain)
    run.requests.push(request)
    this.#asked.set(domain.uuid, run)
  }

  #run(domain: DomainIdentity): Run {
    const present = this.#runs.get(domain.uuid)
    if (present && isSameRun(present, domain)) return present
    this.#isSettled = false
    const run: Run = { ...runOf(domain), row: -1, pins: [], external: new Map(), requests: [] }
    this.#runs.set(domain.uuid, run)
    this.#asked.delete(domain.uuid)
    return run
  }
}

function observeBalloon(run: Run, domain: SeenDomain, memoryAskedAt: number): void {
  if (run.requests.length === 0) return
  const { actual, hold } = domain.memory
  if (actual === undefined || hold === 'stuck' || hold === 'failed') return
  // The last call that had returned before the sample was asked for is what the sample shows the effect of.
  const shown = run.requests.findLastIndex((ask) => ask.certain && ask.time < memoryAskedAt)
  const reached =
    shown >= 0 && Math.abs(actual - guestSize(domain.memory, run.requests[shown]!.bytes)) < negligible
  run.requests = run.requests
    .slice(reached ? shown + 1 : Math.max(0, shown))
    .filter((ask) => ask.certain || ask.time + longestCall > memoryAskedAt)
}
