import type { AutopilotOptions } from '../../../../lib/control/autopilot.ts'
import type { Host } from '../../../../lib/host/host.ts'
import { reconnecting } from '../../../../lib/host/reconnecting-host.ts'
import { connect } from '../../../../lib/libvirt/connect.ts'
import { ControlMeasurement } from '../../control-measurement.ts'
import type { GuestOptions } from '../../domain-xml.ts'
import type { Guest } from '../../guest.ts'
import { Lab } from '../../lab.ts'
import { until } from '../../processes.ts'
import { domainNames } from '../../virsh.ts'
import { type CaseOptions, settled } from '../case.ts'
import { guestMiB } from './restless.ts'
import { Run } from './run.ts'

/** Two for each pCPU of the usual small machine. The last is the one that faults befall. */
const names = ['aos_fault1', 'aos_fault2', 'aos_fault3', 'aos_fault4']
/** About a sixth of a pCPU. */
const load = 'loop 8.5 41.5'

/** A lab that is broken in one way after the other. What a fault took is there again for the next. */
export class Ground implements AsyncDisposable {
  readonly lab: Lab
  readonly control: ControlMeasurement
  readonly options: CaseOptions

  private constructor(lab: Lab, control: ControlMeasurement, options: CaseOptions) {
    this.lab = lab
    this.control = control
    this.options = options
  }

  static async set(options: CaseOptions): Promise<Ground> {
    const lab = options.lab ?? (await Lab.up(options))
    // Those that a case left would take their time.
    const others = (await lab.guests()).filter((name) => !names.includes(name))
    for (const name of others) await (await lab.guest(name)).destroy()
    try {
      return new Ground(lab, await ControlMeasurement.start(lab.uri), options)
    } catch (error) {
      if (!options.lab) await lab.down()
      throw error
    }
  }

  /** All guests, running and loaded. */
  async guests(): Promise<Guest[]> {
    const there = await this.lab.guests()
    const missing = names.filter((name) => !there.includes(name))
    await until('libvirt has noticed who ended', 60_000, async () => {
      const known = await domainNames(this.lab.uri)
      return !missing.some((name) => known.includes(name))
    })
    await this.lab.startAll(missing.map((name) => this.definition(name)))
    const guests = await Promise.all(names.map((name) => this.lab.guest(name)))
    await Promise.all(guests.map((guest) => guest.send(load)))
    await settled(guests, 0.05, 0.5)
    return guests
  }

  /** What the guest of this name is made of. */
  definition(name: string): GuestOptions {
    return { name, memoryMiB: guestMiB, maximumVcpus: name === names.at(-1) ? 2 : 1 }
  }

  /** A connection that outlives the daemon, and soon notices when that hangs. */
  connect(): Promise<Host> {
    return reconnecting(() => connect(this.lab.uri, { keepAliveSeconds: 1, keepAliveCount: 3 }))
  }

  /** Controllers at work on the lab's guests; without policies when it is to be run without. */
  run(host: Host, { scheduler, ballooning, ...rest }: AutopilotOptions): Run {
    const policies = this.options.off ? {} : { scheduler, ballooning }
    return new Run(host, { ...rest, ...policies, match: this.lab.domains }, this.options.log)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control[Symbol.asyncDispose]()
    if (!this.options.lab) await this.lab.down()
  }
}
