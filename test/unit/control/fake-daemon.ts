import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import type { Host } from '../../../lib/host/host.ts'
import type { CpuSample } from '../../../lib/host/sample.ts'
import { VirtualClock } from '../../../lib/simulation/clock.ts'
import { type FakeGuest, FakeHost } from './fake-host.ts'

/** A connection that begins anew with its rates, as one to libvirt does. */
class Connection extends FakeHost {
  isClosed = false
  #isFirst = true

  override async sampleCpu(): Promise<CpuSample> {
    const sample = await super.sampleCpu()
    if (!this.#isFirst) return sample
    this.#isFirst = false
    const unknown = () => new Float64Array(sample.usage.length).fill(Number.NaN)
    return { ...sample, interval: Number.NaN, usage: unknown(), delay: unknown() }
  }

  override async close(): Promise<void> {
    this.isClosed = true
  }
}

/** What can be connected to, goes away and comes back; its guests live on. */
export class FakeDaemon {
  readonly clock = new VirtualClock(() => {})
  readonly connections: Connection[] = []
  /** Virtual milliseconds of each attempt to connect. */
  readonly attempts: number[] = []
  pcpus = 4
  /** pCPUs that those made from now on have offline. */
  offline = CpuSet.empty
  #isAway = false
  readonly #guests: FakeGuest[]

  constructor(guests: FakeGuest[]) {
    this.#guests = guests
  }

  readonly connect = async (): Promise<Host> => {
    this.attempts.push(this.clock.now())
    if (this.#isAway) throw new BallastError('ERR_CONNECTION_FAILED', 'no daemon')
    const connection = new Connection(this.#guests, { clock: this.clock, pcpus: this.pcpus })
    const { topology } = connection
    const online = topology.online.minus(this.offline)
    const pcpus = topology.pcpus.filter(({ id }) => online.has(id))
    Object.assign(connection, { topology: { ...topology, online, pcpus } })
    this.connections.push(connection)
    return connection
  }

  get connection(): Connection {
    return this.connections.at(-1)!
  }

  /** `tells`: whether the connection notices by itself, not only by the next call. */
  goAway({ tells = true } = {}): void {
    this.#isAway = true
    const { connection } = this
    connection.obstacle = () => {
      throw new BallastError('ERR_CONNECTION_LOST', 'socket is closed')
    }
    if (tells) connection.emit({ kind: 'closed', reason: 'eof' })
  }

  comeBack(): void {
    this.#isAway = false
  }
}
