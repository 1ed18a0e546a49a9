import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Order } from '../../../../lib/fleet/bus/order.ts'
import type { MigrationHost } from '../../../../lib/host/migration.ts'
import { migrationHost } from '../../../../lib/libvirt/migration/migration-host.ts'
import { until } from '../../processes.ts'
import type { CutOff } from '../cut-off.ts'
import { CutProxy } from '../cut-proxy.ts'
import type { LabHost } from '../fleet-lab.ts'
import { FleetStage, type StageOptions } from '../fleet-stage.ts'
import { Leader } from '../leader.ts'
import { NetworkNamespace } from '../network-namespace.ts'

export const mover = 'mover'
export const stayer = 'stayer'
const patience = 120_000

/**
 * Two hosts whose agents lead nobody, with a guest each fault has moved and one that stays; the agent of host `b`
 * can be cut off from NATS. Migrations are slow enough to be broken in the middle.
 */
export class FleetGround implements AsyncDisposable {
  readonly stage: FleetStage
  /** Of the agent of `b`. */
  readonly way: CutOff
  uuid = ''
  readonly #leaders: Leader[] = []
  readonly #hosts = new Map<LabHost, MigrationHost & AsyncDisposable>()

  private constructor(stage: FleetStage, way: CutOff) {
    this.stage = stage
    this.way = way
  }

  static async set(options: StageOptions): Promise<FleetGround> {
    const way = await cutOff(options.log)
    const stage = await FleetStage.set(['a', 'b'], options, way.natsHost)
    const ground = new FleetGround(stage, way)
    const { lab } = stage
    const [a, b] = [lab.host('a'), lab.host('b')]
    const guests = await lab.startAll(
      a,
      [mover, stayer].map((name) => ({ name, memoryMiB: 128 })),
    )
    for (const guest of guests) await guest.send('loop 5 45')
    ground.uuid = await lab.uuidOfGuest(mover)
    for (const host of [a, b]) ground.#hosts.set(host, await migrationHost(host.uri))
    const slow = { fleet: ['lead: false'], bandwidth: '6MiB' }
    const server = await way.serverFor(stage.nats.address)
    await Promise.all([stage.join(a, 0, slow), stage.join(b, 1, { ...slow, server, within: way.within })])
    return ground
  }

  get lab() {
    return this.stage.lab
  }

  log(line: string): void {
    this.stage.options.log(line)
  }

  /** Where the guest that is moved is, and where it goes. */
  async ends(): Promise<{ readonly source: LabHost; readonly target: LabHost }> {
    const source = await this.lab.whereIs(mover)
    if (!source) throw new Error(`${mover} runs nowhere`)
    return { source, target: this.lab.hosts.find((host) => host !== source)! }
  }

  /** Starts one more leader; they end with the fault. */
  lead(wallTimeOff = 0): Leader {
    // It moves what it is asked to, and nothing for balance: how busy the machine is must not matter.
    const config = `${this.lab.directory}/leader.yaml`
    const policy = '{ policy: balance, delay: 1, deviation: 1 }'
    writeFileSync(config, `fleet:\n  servers: ${this.stage.nats.address}\n  policy: ${policy}\n`)
    const leader = Leader.start(this.stage.program, config, (line) => this.log(line), wallTimeOff)
    this.#leaders.push(leader)
    return leader
  }

  async endLeaders(): Promise<void> {
    for (const leader of this.#leaders.splice(0)) await leader.kill()
  }

  /** Asks for the guest to be moved, as a person does; resolves when its memory is on the way. */
  async begin(): Promise<void> {
    const { source, target } = await this.ends()
    await until('both hosts are seen', patience, async () => {
      const reports = await this.stage.bus.reports()
      return this.lab.hosts.every(({ uuid }) => reports.some(({ report }) => report.host === uuid))
    })
    await until(
      'it is asked for',
      patience,
      async () =>
        this.stage.ask('move', this.uuid, target.uuid).catch((error) => void this.log(String(error))),
      2_000,
    )
    await this.underWay(source)
  }

  async underWay(source: LabHost): Promise<void> {
    await until('its memory is on the way', patience, async () => {
      const progress = await this.#hosts.get(source)!.migrationProgress(this.uuid)
      return (progress?.memoryProcessed ?? 0) > 0
    })
  }

  /** Waits until no order is open and nothing migrates; whether that came. */
  async isOver(limit = patience): Promise<boolean> {
    return until(
      'all orders are over',
      limit,
      async () => {
        const open = await this.stage.bus.open().catch(() => undefined)
        if (open?.length !== 0) return false
        for (const host of this.#hosts.values()) {
          const progress = await host.migrationProgress(this.uuid).catch(() => undefined)
          if (progress) return false
        }
        return true
      },
      500,
    ).catch(() => false)
  }

  /** An order to move the guest, as a leader under this lease would give it. */
  async order(fence: number): Promise<Order> {
    const { source, target } = await this.ends()
    const { report } = (await this.stage.bus.reports()).find((one) => one.report.host === source.uuid)!
    const guest = report.guests.find(({ uuid }) => uuid === this.uuid)!
    return {
      id: randomUUID(),
      fence,
      host: source.uuid,
      kind: 'migrate',
      request: {
        guest: this.uuid,
        run: { id: guest.id, run: guest.run },
        target: { host: target.uuid, reach: { uri: target.uri, bandwidth: 6e6 } },
        deadline: 60_000,
      },
      tick: 0,
      by: 'a fault',
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endLeaders()
    for (const host of this.#hosts.values()) await host[Symbol.asyncDispose]()
    await this.stage[Symbol.asyncDispose]()
    await this.way[Symbol.asyncDispose]()
  }
}

/** A network namespace with a link that is taken down, or for a user who may make none a proxy. */
async function cutOff(log: (line: string) => void): Promise<CutOff> {
  try {
    return await NetworkNamespace.make()
  } catch (error) {
    log(`No network namespace here, so a proxy cuts: ${error instanceof Error ? error.message : error}`)
    return new CutProxy()
  }
}
