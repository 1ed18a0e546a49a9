import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { PinnedMemory } from '../host/domain-traits.ts'
import { type DomainIdentity, DomainState } from '../host/sample.ts'
import { served } from '../util/max-min-share.ts'
import { Random } from '../util/random.ts'
import { MiB } from '../util/units.ts'
import { Reports } from './balloon-reports.ts'
import { Bandwidth } from './bandwidth.ts'
import type { Cpusets, VcpuCpuset } from './cpusets.ts'
import { usualReserve } from './guest-kernel.ts'
import { GuestMemory } from './guest-memory.ts'
import { demandOf, noDemand, once } from './load.ts'
import type { Processors } from './processors.ts'
import type {
  DomainScenario,
  Load,
  MemoryScenario,
  Program,
  QuotaScenario,
  VcpuScenario,
} from './scenario.ts'
import { type Task, usualWeight } from './tasks.ts'
import { cpusOf } from './topology.ts'

/** Milliseconds of work on the first vCPU until a guest is up. */
const bootWork = 4_500
/** Of a guest's memory. */
export const defaultMaximum = 1024 * MiB
const defaultCache = 32 * MiB
const secondMs = 1_000
/** As libvirt and the kernel have it by default. */
const usualQuotaPeriod = 100

interface Vcpu {
  readonly task: Task
  readonly random: Random
  readonly cpuset: VcpuCpuset
  load: Load
}

/** Something asked of a guest that does not answer, which it will do if it answers in time. */
export interface Job {
  readonly until: number
  done: boolean
  act(): void
}

/** What all guests of a host share. */
export interface Surroundings {
  readonly processors: Processors
  readonly cpusets: Cpusets
  readonly seed: number
  /** The memory of a guest has changed, or what is to be done for it. */
  memoryChanged(guest: Guest): void
}

/** The first vCPU of a guest in a step of its memory, in milliseconds. */
export interface FirstVcpu {
  readonly ran: number
  /** That it ran, or waited to run. */
  readonly asked: number
}

/** One run of a domain, from its start to its end. */
export class Guest {
  readonly identity: DomainIdentity
  readonly memory: GuestMemory
  readonly pinnedMemory: PinnedMemory | undefined
  readonly balloon: NonNullable<MemoryScenario['balloon']>
  readonly reports: Reports
  /** The element in Ballast's namespace of its metadata. */
  readonly metadata: string | undefined
  paused = false
  /** Its QEMU is stopped: nothing runs, nothing answers. */
  stuck = false
  /** A memory sample has waited for it in vain since it is stuck. */
  knownStuck = false
  readonly jobs: Job[] = []
  /** What each of its vCPUs weighs. */
  #cpuShares = usualWeight
  #quota: QuotaScenario
  readonly #vcpus: Vcpu[] = []
  #tasks: readonly Task[] = []
  readonly #host: Surroundings
  readonly #balloonSpeed: number
  #program: Program
  #booted: boolean

  constructor(
    scenario: DomainScenario,
    identity: DomainIdentity,
    host: Surroundings,
    booted: boolean,
    time: number,
  ) {
    const { program, balloon, balloonSpeed, reportDelay, lie, pinned, virtioMem, ...sizes } =
      scenario.memory ?? {}
    const maximum = sizes.maximum ?? defaultMaximum
    const memoryChanged = () => host.memoryChanged(this)
    this.identity = identity
    this.metadata = scenario.metadata
    this.memory = new GuestMemory(
      {
        maximum,
        actual: sizes.actual ?? maximum,
        cache: sizes.cache ?? defaultCache,
        swap: sizes.swap ?? 'none',
        reserve: sizes.reserve ?? usualReserve,
      },
      pinned,
      virtioMem,
      memoryChanged,
    )
    this.pinnedMemory = pinned
    this.balloon = balloon ?? 'works'
    this.#balloonSpeed = balloonSpeed ?? 1
    this.reports = new Reports(reportDelay ?? 0, lie, memoryChanged)
    this.#host = host
    this.#program = program ?? { size: 0 }
    this.#booted = booted
    this.#quota = scenario.cpuQuota ?? {}
    for (const vcpu of scenario.vcpus ?? [{}]) this.plug(vcpu, time)
    if (booted) {
      this.memory.run(this.#program)
      if (this.#program.rate === undefined) this.memory.settle()
    } else {
      this.#boot()
    }
  }

  /** Begins to boot anew, as a reset has it: what its device told stays. */
  reboot(): void {
    this.#booted = false
    this.memory.reboot()
    for (const { task } of this.#vcpus) this.#host.processors.setDemand(task, noDemand)
    this.#boot()
  }

  get state(): DomainState {
    return this.paused ? DomainState.paused : DomainState.running
  }

  /** By vCPU. */
  get tasks(): readonly Task[] {
    return this.#tasks
  }

  get statsPeriodSeconds(): number | undefined {
    return this.reports.period
  }

  /** Whether its statistics work now. */
  get talks(): boolean {
    return (this.balloon === 'works' || this.balloon === 'refuses') && this.#booted
  }

  plug(scenario: VcpuScenario, time: number): void {
    const { cpusets } = this.#host
    const cpuset = cpusets.begin(cpusOf(scenario.affinity ?? 'any', cpusets.all))
    const { name, id } = this.identity
    const random = new Random(this.#host.seed, `${name} run ${id} vCPU ${this.#vcpus.length}`)
    const load = scenario.load ?? { kind: 'idle' }
    const demand = this.#booted ? demandOf(load, time, random) : noDemand
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

  setCpuShares(shares: number): void {
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
    const { name, id } = this.identity
    const random = new Random(this.#host.seed, `${name} run ${id} quota`)
    const { period = usualQuotaPeriod } = quota
    const bandwidth = (pcpus: number) => new Bandwidth(pcpus * period, period, time + random.next() * period)
    const together = quota.global === undefined ? [] : [bandwidth(quota.global)]
    for (const { task } of this.#vcpus) {
      const own = quota.vcpu === undefined ? [] : [bandwidth(quota.vcpu)]
      this.#host.processors.limit(task, [...own, ...together])
    }
  }

  setLoad(load: Load, vcpu: number | undefined, time: number): void {
    for (const [number, each] of this.#vcpus.entries()) {
      if (vcpu !== undefined && vcpu !== number) continue
      each.load = load
      if (this.#booted) this.#host.processors.setDemand(each.task, demandOf(load, time, each.random))
    }
  }

  setProgram(program: Program): void {
    this.#program = program
    if (this.#booted) this.memory.run(program)
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

  setPaused(paused: boolean, time: number): void {
    this.paused = paused
    this.#host.memoryChanged(this)
    for (const { task } of this.#vcpus) this.#stopOrGo(task, time)
  }

  setStuck(stuck: boolean, time: number): void {
    this.stuck = stuck
    this.knownStuck = false
    this.#host.memoryChanged(this)
    for (const { task } of this.#vcpus) this.#stopOrGo(task, time)
    if (stuck) return
    for (const job of this.jobs.splice(0)) {
      if (job.until <= time) continue
      job.act()
      job.done = true
    }
  }

  /** Virtual milliseconds until which steps of its memory change nothing, unless the host swaps or its memory is changed. */
  get memoryDue(): number {
    if (!this.#isLive()) return Number.POSITIVE_INFINITY
    if (!this.memory.rests(this.#speedOfBalloon(), false)) return 0
    return this.talks ? this.reports.due : Number.POSITIVE_INFINITY
  }

  /** The guest's memory from `time` on for `milliseconds`; `hostSwaps` while the host has too little for its guests. */
  stepMemory(
    time: number,
    wallTime: number,
    milliseconds: number,
    { ran, asked }: FirstVcpu,
    hostSwaps: boolean,
  ): void {
    if (!this.#isLive()) return
    const balloonSpeed = this.#speedOfBalloon()
    if (!this.memory.rests(balloonSpeed, hostSwaps)) {
      this.memory.step(milliseconds / secondMs, {
        balloonSpeed,
        busy: Math.min(1, asked / milliseconds),
        served: asked > 0 ? ran / asked : 1,
        hostSwaps,
      })
    }
    if (this.talks) this.reports.step(time, wallTime, this.memory)
  }

  #isLive(): boolean {
    return this.#booted && !this.paused && !this.stuck
  }

  #speedOfBalloon(): number {
    return this.balloon === 'works' ? this.#balloonSpeed : 0
  }

  end(): void {
    for (const { task } of this.#vcpus) this.#host.processors.remove(task)
  }

  #boot(): void {
    const boot = once(bootWork, (up) => this.#goUp(up))
    this.#host.processors.setDemand(this.#vcpus[0]!.task, boot)
  }

  #goUp(time: number): void {
    this.#booted = true
    this.memory.goUp()
    this.memory.run(this.#program)
    for (const { task, load, random } of this.#vcpus) {
      this.#host.processors.setDemand(task, demandOf(load, time, random))
    }
  }

  #stopOrGo(task: Task, time: number): void {
    if (this.paused || this.stuck) this.#host.processors.stop(task)
    else this.#host.processors.resume(task, time)
  }
}
