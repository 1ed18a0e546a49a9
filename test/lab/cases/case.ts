import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Host } from '../../../lib/host/host.ts'
import { connect } from '../../../lib/libvirt/connect.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import type { Recording } from '../../unit/simulation/recording.ts'
import { ControlMeasurement } from '../control-measurement.ts'
import type { GuestOptions } from '../domain-xml.ts'
import type { Guest, VcpuTime } from '../guest.ts'
import { Lab } from '../lab.ts'
import { until } from '../processes.ts'
import { recordedPilot } from './recorded-pilot.ts'

/** What a case ends with: its figures and whether every limit was met. */
export interface CaseResult {
  readonly case: string
  readonly passed: boolean
  /** Each limit that was not met, in words. */
  readonly broken: readonly string[]
  readonly [figure: string]: unknown
}

export interface CaseOptions {
  /** On `qemu:///system` instead of a private host. */
  readonly system: boolean
  /** Without any policy: the case has to fail then. */
  readonly off: boolean
  /** Watches for a shorter time that what has come to rest stays so. Default false. */
  readonly brief?: boolean
  /** Told what is being done, and of each tick its summary and its news. */
  readonly log: (line: string) => void
  /** A lab that is up and stays up, whose guests are used again. Default: one for this case alone. */
  readonly lab?: Lab
  /** Given what was measured, for the simulated host to be held against. */
  readonly record?: (recording: Recording) => void
  /** The directory that every loop of the case is recorded in, as `ballast run --record` does. */
  readonly recordTo?: string
}

/** One case on a stage that is set for it. */
export type Case = (stage: Stage) => Promise<CaseResult>

/** A lab for one case, with a connection of the library under test and a control measurement beside it. */
export class Stage implements AsyncDisposable {
  readonly lab: Lab
  readonly host: Host
  readonly control: ControlMeasurement
  readonly options: CaseOptions

  private constructor(lab: Lab, host: Host, control: ControlMeasurement, options: CaseOptions) {
    this.lab = lab
    this.host = host
    this.control = control
    this.options = options
  }

  static async set(options: CaseOptions): Promise<Stage> {
    const lab = options.lab ?? (await Lab.up(options))
    try {
      const host = await connect(lab.uri)
      return new Stage(lab, host, await ControlMeasurement.start(lab.uri), options)
    } catch (error) {
      // Of a host that was connected, the end of the process is the end.
      if (!options.lab) await lab.down()
      throw error
    }
  }

  /**
   * So many guests, at rest and free to run anywhere: those that a case before left are used again, what is missing is
   * started, and what is too many ends.
   */
  async guests(count: number): Promise<Guest[]> {
    const names = Array.from({ length: count }, (_, i) => `aos_vm${i + 1}`)
    const there = await this.lab.guests()
    for (const name of there.filter((name) => !names.includes(name)))
      await (await this.lab.guest(name)).destroy()
    const missing = names.filter((name) => !there.includes(name))
    if (missing.length > 0) await this.lab.startAll(missing.map((name) => ({ name })))
    const guests = await Promise.all(names.map((name) => this.lab.guest(name)))
    await Promise.all(
      guests.map(async (guest) => {
        await guest.send('idle')
        await guest.pin(`${this.host.topology.online}`)
      }),
    )
    await settled(guests, 0, 0.05)
    return guests
  }

  /** Other guests than there were, all of them new, and at rest. */
  async fresh(list: readonly GuestOptions[]): Promise<Guest[]> {
    const there = await this.lab.guests()
    await Promise.all(there.map(async (name) => (await this.lab.guest(name)).destroy()))
    const guests = await this.lab.startAll(list)
    await settled(guests, 0, 0.05)
    return guests
  }

  /** Looks at the lab's guests, and changes nothing. */
  watch(options: AutopilotOptions): AsyncGenerator<Tick, void, undefined> {
    return autopilot(this.host, { ...options, match: this.lab.domains })
  }

  /** Runs the controllers on the lab's guests; their policies are left out when the case is to run without. */
  async *pilot(options: AutopilotOptions): AsyncGenerator<Tick, void, undefined> {
    const { scheduler, ballooning, ksm, ...rest } = options
    const policies = {
      ...(scheduler && { scheduler }),
      ...(ballooning && { ballooning }),
      ...(ksm && { ksm }),
    }
    const narrator = new LogFormatter()
    const active = this.options.off ? {} : policies
    const all = { ...rest, ...active, match: this.lab.domains }
    for await (const tick of recordedPilot(this.host, all, this.options.recordTo)) {
      for (const line of [tick.summary, ...narrator.lines(tick)]) this.options.log(line)
      yield tick
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control[Symbol.asyncDispose]()
    await this.host.close()
    if (!this.options.lab) await this.lab.down()
  }
}

/** Milliseconds over which a guest's demand is looked at before a case begins. */
const look = 1_000

/** Fraction of one pCPU that the first vCPU of each guest would use if it never waited, looked at for so long. */
export async function demands(guests: readonly Guest[], milliseconds = look): Promise<number[]> {
  const read = () => Promise.all(guests.map(async (guest) => (await guest.vcpuTimes())[0] as VcpuTime))
  const began = performance.now()
  const before = await read()
  await until('some time has passed', 60_000, async () => performance.now() - began >= milliseconds)
  const after = await read()
  const took = (performance.now() - began) * 1e6
  return after.map(({ run, delay }, i) => (run - before[i]!.run) / (took - (delay - before[i]!.delay)))
}

/** Waits until every guest's demand is within these fractions: booting is over, or its load has begun. */
export async function settled(guests: readonly Guest[], least: number, most: number): Promise<void> {
  await until(`all guests use ${least} to ${most} of a pCPU`, 300_000, async () =>
    (await demands(guests)).every((demand) => demand >= least && demand <= most),
  )
}
