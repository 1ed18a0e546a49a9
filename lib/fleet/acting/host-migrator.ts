import { setTimeout as sleep } from 'node:timers/promises'
import { asBallastError } from '../../host/errors.ts'
import type { MigrationHost, MigrationProgress } from '../../host/migration.ts'
import type { Migrator } from './migrator.ts'
import type { Originals } from './originals.ts'

/** Milliseconds from one look at how far a migration is to the next. */
const lookEvery = 1_000

/**
 * Moves the guests of one host by its own hypervisor, each with its originals. Its caller ends what takes too long. Without
 * `originals` the new host takes what it finds for them.
 */
export function hostMigrator(host: MigrationHost, originals?: Originals): Migrator {
  return {
    async migrate({ guest, run, target }, { signal, progress }) {
      const { uri: targetUri, dataUri, bandwidth } = target.reach
      await originals?.send(guest, run)
      const over = new AbortController()
      if (progress) void follow(host, guest, progress, over.signal)
      try {
        return await host.migrate({ uuid: guest, id: run.id }, { targetUri, dataUri, bandwidth, signal })
      } catch (error) {
        const { code } = asBallastError(error)
        // Where it runs is not known: then they may be needed on the other host.
        if (code !== 'ERR_MIGRATION_UNKNOWN') await originals?.keep(guest, run).catch(() => undefined)
        throw error
      } finally {
        over.abort()
      }
    },
    runs: (guest) => host.runs(guest),
    async progress(guest) {
      const seen = await host.migrationProgress(guest)
      return seen?.direction === 'in' ? undefined : seen
    },
    abort: (guest) => host.abortMigration(guest),
  }
}

/** Tells how far it is until it is over. What cannot be asked is not told: the migration itself says what is wrong. */
async function follow(
  host: MigrationHost,
  guest: string,
  tell: (progress: MigrationProgress) => void,
  over: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(lookEvery, undefined, { signal: over }).catch(() => undefined)
    if (over.aborted) return
    const seen = await host.migrationProgress(guest).catch(() => undefined)
    if (seen && !over.aborted) tell(seen)
  }
}
