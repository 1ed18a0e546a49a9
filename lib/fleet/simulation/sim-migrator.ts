import { BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { MigrationProgress, MigrationResult } from '../../host/migration.ts'
import type { MigrationRequest, Migrator } from '../acting/migrator.ts'
import type { SimHost } from './hosts-and-guests.ts'
import type { Migrations } from './migrations.ts'
import type { World } from './world.ts'

/** Migrations away from one simulated host. */
export class SimMigrator implements Migrator {
  readonly #world: World
  readonly #migrations: Migrations
  readonly #host: SimHost
  readonly #clock: Clock
  readonly #killed: AbortSignal

  /** `killed`: aborted when the agent's process is killed. It ends no migration any more then, and libvirt goes on. */
  constructor(world: World, migrations: Migrations, host: SimHost, clock: Clock, killed: AbortSignal) {
    this.#world = world
    this.#migrations = migrations
    this.#host = host
    this.#clock = clock
    this.#killed = killed
  }

  async migrate(
    { guest: uuid, run, target }: MigrationRequest,
    { signal, progress }: Parameters<Migrator['migrate']>[1],
  ): Promise<MigrationResult> {
    const guest = this.#world.guest(uuid)
    if (guest.host !== this.#host || guest.run !== run.id) {
      throw new BallastError('ERR_NO_DOMAIN', `This run of ${guest.scenario.name} is not on this host`)
    }
    const ending = new AbortController()
    const end = () => {
      if (!this.#killed.aborted) ending.abort(signal.reason)
    }
    signal.addEventListener('abort', end, { once: true })
    const options = { isOrdered: true, signal: ending.signal, progress }
    return this.#migrations.migrate(guest, this.#world.host(target.host), options)
  }

  async runs(uuid: string): Promise<boolean> {
    return this.#world.guest(uuid).host === this.#host
  }

  async progress(uuid: string): Promise<MigrationProgress | undefined> {
    const { migration } = this.#world.guest(uuid)
    if (migration?.from !== this.#host) return undefined
    return { elapsed: this.#clock.now() - migration.began, memoryRemaining: migration.left }
  }

  async abort(uuid: string): Promise<void> {
    const { migration } = this.#world.guest(uuid)
    if (migration?.from !== this.#host) return
    migration.ending.abort(new BallastError('ERR_MIGRATION_ABORTED', 'Its host ended it'))
  }
}
