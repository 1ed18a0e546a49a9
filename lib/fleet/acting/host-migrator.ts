import { setTimeout as sleep } from 'node:timers/promises'
import type { MigrationHost, MigrationProgress } from '../../host/migration.ts'
import type { Migrator } from './migrator.ts'

/** Milliseconds from one look at how far a migration is to the next. */
const lookEvery = 1_000

/** Moves the guests of one host by its own hypervisor. Its caller ends what takes too long. */
export function hostMigrator(host: MigrationHost): Migrator {
  return {
    async migrate({ guest, run, target }, { signal, progress }) {
      const { uri: targetUri, dataUri, bandwidth } = target.reach
      const over = new AbortController()
      if (progress) void follow(host, guest, progress, over.signal)
      try {
        return await host.migrate({ uuid: guest, id: run.id }, { targetUri, dataUri, bandwidth, signal })
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
