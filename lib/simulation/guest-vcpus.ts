import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { served } from '../util/max-min-share.ts'
import { Random } from '../util/random.ts'
import { Bandwidth } from './bandwidth.ts'
import type { Cpusets, VcpuCpuset } from './cpusets.ts'
import { demandOf, noDemand, once } from './load.ts'
import type { Processors } from './processors.ts'
import type { Load, QuotaScenario, VcpuScenario } from './scenario.ts'
import { type Task, usualWeight } from './tasks.ts'
import { cpusOf } from './topology.ts'

/** As libvirt and the kernel have it by default. */
const usualQuotaPeriod = 100

interface Vcpu {
  readonly task: Task
  readonly random: Random
  readonly cpuset: VcpuCpuset
  load: Load
}

/** Where vCPUs run. */
export interface VcpuHost {
  readonly processors: Processors
  readonly cpusets: Cpusets
  readonly seed: number
}

/** The vCPUs of a guest: what they do, where they may run, what they weigh and may use. */
export class GuestVcpus {
  readonly #identity: DomainIdentity
  readonly #host: VcpuHost
  readonly #vcpus: Vcpu[] = []
  #tasks: readonly Task[] = []
  /** What each of them weighs. */
  #cpuShares = usualWeight
  #quota: QuotaScenario
  /** They do what their loads say; else nothing, or what a boot needs. */
  #isUp: boolean
  /** Nothing runs: the guest is paused, or its QEMU is stopped. */
  #isStopped = false

  constructor(identity: DomainIdentity, host: VcpuHost, quota: QuotaScenario, isUp: boolean) {
    this.#identity = identity
    this.#host = host
    this.#quota = quota
    this.#isUp = isUp
  }

  /** By vCPU. */
  get tasks(): readonly Task[] {
    return this.#tasks
  }

  plug(scenario: VcpuScenario, time: number): void {
    const { cpusets } = this.#host
    const cpuset = cpusets.begin(cpusOf(scenario.affinity ?? 'any', cpusets.all))
    const { name, id } = this.#identity
    const random = new Random(this.#host.seed, `${name} run ${id} vCPU ${this.#vcpus.length}`)
    const load = scenario.load ?? { kind: 'idle' }
    const demand = this.#isUp ? demandOf(load, time, random) : noDemand
    const task = this.#host.processors.add(demand, cpusets.affinityOf(cpuset))
    task.weight = this.#cpuShares
    this.#vcpus.push({ task, random, cpuset, load })
    this.#tasks = [...this.#tasks, task]
    this.setQuota(this.#quota, time)
    this.#stopOrGo(task, time)
  }

  /** The last vCPU goes. */
  unplug(): void {
    this.#host.processors.remove(this.#vcpus.pop()!.task)
    this.#tasks = this.#tasks.slice(0, -1)
  }

  get cpuShares(): number {
    return this.#cpuShares
  }

  set cpuShares(shares: number) {
    this.#cpuShares = shares
    for (const { task } of this.#vcpus) task.weight = shares
  }

  get cpuQuota(): CpuQuota {
    return { vcpu: this.#quota.vcpu, global: this.#quota.global, emulator: undefined }
  }

  /** By vCPU: the fraction of one pCPU that it would use alone, as far as its quotas let it. */
  get demand(): readonly number[] {
    const { vcpu = Number.POSITIVE_INFINITY, global = Number.POSITIVE_INFINITY } = this.#quota
    const wishes = this.#tasks.map((task) => ({ wanted: Math.min(task.demand.wanted, vcpu), weight: 1 }))
    return global === Number.POSITIVE_INFINITY
      ? wishes.map(({ wanted }) => wanted)
      : Array.from(served(wishes, global))
  }

  /** No two quotas begin their periods at the same time. */
  setQuota(quota: QuotaScenario, time: number): void {
    this.#quota = quota
    const { name, id } = this.#identity
    const random = new Random(this.#host.seed, `${name} run ${id} quota`)
    const { period = usualQuotaPeriod } = quota
    const bandwidth = (pcpus: number) => new Bandwidth(pcpus * period, period, time + random.next() * period)
    const together = quota.global === undefined ? [] : [bandwidth(quota.global)]
    for (const { task } of this.#vcpus) {
      const own = quota.vcpu === undefined ? [] : [bandwidth(quota.vcpu)]
      this.#host.processors.limit(task, [...own, ...together])
    }
  }

  /** Of one vCPU, or of all. */
  setLoad(load: Load, vcpu: number | undefined, time: number): void {
    for (const [number, each] of this.#vcpus.entries()) {
      if (vcpu !== undefined && vcpu !== number) continue
      each.load = load
      if (this.#isUp) this.#host.processors.setDemand(each.task, demandOf(load, time, each.random))
    }
  }

  /** Returns what the kernel says when it refuses. */
  pin(vcpu: number, cpus: CpuSet): string | undefined {
    const { cpuset } = this.#vcpus[vcpu]!
    const refusal = this.#host.cpusets.pin(cpuset, cpus)
    this.confine()
    return refusal
  }

  /** By vCPU: what libvirt has it pinned to, and what the kernel holds it to. */
  get cpusets(): readonly VcpuCpuset[] {
    return this.#vcpus.map(({ cpuset }) => cpuset)
  }

  /** Gives each vCPU the affinity that the kernel makes of what is asked and what can be used. */
  confine(): void {
    const { cpusets, processors } = this.#host
    for (const { task, cpuset } of this.#vcpus) processors.setAffinity(task, cpusets.affinityOf(cpuset))
  }

  setStopped(isStopped: boolean, time: number): void {
    this.#isStopped = isStopped
    for (const { task } of this.#vcpus) this.#stopOrGo(task, time)
  }

  /** From a reset on, until {@link boot} is through. */
  goDown(): void {
    this.#isUp = false
    for (const { task } of this.#vcpus) this.#host.processors.setDemand(task, noDemand)
  }

  /** The first one has this work to do, in milliseconds; `done` is called when it has. */
  boot(work: number, done: (time: number) => void): void {
    this.#host.processors.setDemand(this.#vcpus[0]!.task, once(work, done))
  }

  goUp(time: number): void {
    this.#isUp = true
    for (const { task, load, random } of this.#vcpus) {
      this.#host.processors.setDemand(task, demandOf(load, time, random))
    }
  }

  end(): void {
    for (const { task } of this.#vcpus) this.#host.processors.remove(task)
  }

  #stopOrGo(task: Task, time: number): void {
    if (this.#isStopped) this.#host.processors.stop(task)
    else this.#host.processors.resume(task, time)
  }
}
