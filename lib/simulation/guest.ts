import type { PinnedMemory } from '../host/domain-traits.ts'
import { type DomainIdentity, DomainState } from '../host/sample.ts'
import { MiB } from '../util/units.ts'
import { Reports } from './balloon-reports.ts'
import { usualReserve } from './guest-kernel.ts'
import { GuestMemory } from './guest-memory.ts'
import { GuestVcpus, type VcpuHost } from './guest-vcpus.ts'
import type { DomainScenario, MemoryScenario, Program } from './scenario.ts'

/** Milliseconds of work on the first vCPU until a guest is up. */
const bootWork = 4_500
/** Of a guest's memory. */
export const defaultMaximum = 1024 * MiB
const defaultCache = 32 * MiB
const secondMs = 1_000
/** Something asked of a guest that does not answer, which it will do if it answers in time. */
export interface Job {
  readonly until: number
  done: boolean
  act(): void
}

/** What all guests of a host share. */
export interface Surroundings extends VcpuHost {
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
  readonly vcpus: GuestVcpus
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
    this.vcpus = new GuestVcpus(identity, host, scenario.cpuQuota ?? {}, booted)
    for (const vcpu of scenario.vcpus ?? [{}]) this.vcpus.plug(vcpu, time)
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
    this.vcpus.goDown()
    this.#boot()
  }

  get state(): DomainState {
    return this.paused ? DomainState.paused : DomainState.running
  }

  get statsPeriodSeconds(): number | undefined {
    return this.reports.period
  }

  /** Whether its statistics work now. */
  get talks(): boolean {
    return (this.balloon === 'works' || this.balloon === 'refuses') && this.#booted
  }

  setProgram(program: Program): void {
    this.#program = program
    if (this.#booted) this.memory.run(program)
  }

  setPaused(paused: boolean, time: number): void {
    this.paused = paused
    this.#host.memoryChanged(this)
    this.vcpus.setStopped(this.paused || this.stuck, time)
  }

  setStuck(stuck: boolean, time: number): void {
    this.stuck = stuck
    this.knownStuck = false
    this.#host.memoryChanged(this)
    this.vcpus.setStopped(this.paused || this.stuck, time)
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

  #boot(): void {
    this.vcpus.boot(bootWork, (up) => this.#goUp(up))
  }

  #goUp(time: number): void {
    this.#booted = true
    this.memory.goUp()
    this.memory.run(this.#program)
    this.vcpus.goUp(time)
  }
}
