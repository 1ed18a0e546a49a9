import { BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { MigrationProgress, MigrationResult } from '../../host/migration.ts'
import { Random } from '../../util/random.ts'
import { remove, type SimGuest, type SimHost, type SimMigration } from './hosts-and-guests.ts'
import { copyRounds, settingUp } from './pre-copy.ts'
import type { FleetScenario } from './scenario.ts'
import type { World } from './world.ts'

const defaultDirtyRate = 20e6

/** A migration that is over, as it really was. */
export interface MigrationRecord {
  readonly guest: string
  readonly from: string
  readonly to: string
  readonly began: number
  readonly ended: number
  readonly outcome: 'done' | 'failed' | 'aborted'
  /** Whether the fleet ordered it. */
  readonly isOrdered: boolean
}

/** What libvirt does in a simulated fleet: guests move from host to host, in the time that it takes. */
export class Migrations {
  readonly records: MigrationRecord[] = []
  /** The most bytes that guests held above a host's budget when one of them was to come there by an order. */
  overfilledByMove = 0
  readonly #world: World
  readonly #clock: Clock
  readonly #random: Random
  readonly #failures: number

  constructor({ seed = 1, failures = 0 }: FleetScenario, world: World, clock: Clock) {
    this.#world = world
    this.#clock = clock
    this.#random = new Random(seed, 'migrations')
    this.#failures = failures
  }

  /** Migrates as libvirt would; rejects as `Migrator.migrate` does. */
  async migrate(
    guest: SimGuest,
    to: SimHost,
    options: {
      readonly isOrdered: boolean
      readonly signal?: AbortSignal | undefined
      readonly progress?: ((progress: MigrationProgress) => void) | undefined
    },
  ): Promise<MigrationResult> {
    const from = guest.host
    if (!from) throw new BallastError('ERR_DOMAIN_NOT_RUNNING', `${guest.scenario.name} does not run`)
    if (guest.migration) throw new BallastError('ERR_DOMAIN_BUSY', `${guest.scenario.name} migrates already`)
    const bandwidth = Math.min(from.bandwidth, to.bandwidth)
    if (bandwidth === 0) throw new BallastError('ERR_MIGRATION', `No way to ${to.scenario.name}`)
    const ending = new AbortController()
    const began = this.#clock.now()
    const migration = { guest, from, to, began, isOrdered: options.isOrdered, ending, left: guest.actual }
    guest.migration = migration
    to.arriving.push(guest)
    this.#world.resize(to)
    if (options.isOrdered) this.overfilledByMove = Math.max(this.overfilledByMove, this.#world.above(to))
    const trouble = guest.trouble ?? (this.#random.next() < this.#failures ? 'failure' : undefined)
    guest.trouble = undefined
    const physics = this.#carry(migration, bandwidth, trouble, options.progress)
    const end = () => ending.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', end, { once: true })
    if (options.signal?.aborted) end()
    if (trouble !== 'connection') return physics
    physics.catch(() => {}) // whoever asked does not hear of it
    await this.#clock.sleepUntil(began + settingUp)
    throw new BallastError('ERR_MIGRATION_UNKNOWN', 'The connection was lost')
  }

  async #carry(
    migration: SimMigration,
    bandwidth: number,
    trouble: SimGuest['trouble'],
    progress: ((progress: MigrationProgress) => void) | undefined,
  ): Promise<MigrationResult> {
    const { guest, from, to, began, ending } = migration
    const clock = this.#clock
    const dirtyRate = trouble === 'no end' ? bandwidth : (guest.scenario.dirtyRate ?? defaultDirtyRate)
    const memory = guest.actual
    let processed = 0
    let iteration = 0
    let outcome: MigrationRecord['outcome'] = 'aborted'
    try {
      await clock.sleepUntil(clock.now() + settingUp, ending.signal)
      const rounds = copyRounds({ memory, bandwidth, dirtyRate })
      let step = rounds.next()
      for (; !step.done; step = rounds.next()) {
        const { duration, bytes, left } = step.value
        progress?.({
          elapsed: clock.now() - began,
          memoryTotal: memory,
          memoryRemaining: migration.left,
          iteration,
        })
        await clock.sleepUntil(clock.now() + duration, ending.signal)
        processed += bytes
        iteration++
        migration.left = left
        if (trouble !== 'failure') continue
        outcome = 'failed'
        throw new BallastError('ERR_MIGRATION', 'No route to host')
      }
      const downtime = step.value
      await clock.sleepUntil(clock.now() + downtime, ending.signal)
      outcome = 'done'
      remove(from.guests, guest)
      from.isChanged = true
      remove(to.arriving, guest)
      guest.migration = undefined
      this.#world.start(guest, to)
      if (migration.isOrdered) this.overfilledByMove = Math.max(this.overfilledByMove, this.#world.above(to))
      return { elapsed: clock.now() - began, downtime, memoryProcessed: processed }
    } finally {
      remove(to.arriving, guest)
      guest.migration = undefined
      this.#world.resize(from)
      this.#world.resize(to)
      const names = { guest: guest.scenario.name, from: from.scenario.name, to: to.scenario.name }
      this.records.push({ ...names, began, ended: clock.now(), outcome, isOrdered: migration.isOrdered })
    }
  }
}
