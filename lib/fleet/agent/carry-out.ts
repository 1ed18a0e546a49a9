import { asBallastError, BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { MigrationProgress, MigrationResult } from '../../host/migration.ts'
import { timedOut, withTimeout } from '../../util/timeout.ts'
import type { MigrationRequest, Migrator } from '../acting/migrator.ts'

/** Milliseconds that a migration has to end in after it was asked to. */
const abortGrace = 30_000
/** Milliseconds between looks at a migration that an earlier process began. */
const lookEvery = 1_000

/** One migration as an agent carries it out; `signal` ends it, and the guest stays. */
export interface Carrying {
  readonly clock: Clock
  readonly migrator: Migrator
  readonly request: MigrationRequest
  readonly signal: AbortSignal
  readonly progress: (progress: MigrationProgress) => void
}

/**
 * Migrates, and ends it at its deadline. Rejects as `Migrator.migrate` does; with `ERR_MIGRATION_UNKNOWN` when it does not
 * end within half a minute after it was to.
 */
export async function carryOut(carrying: Carrying): Promise<MigrationResult> {
  const { clock, migrator, request, signal, progress } = carrying
  const ending = new AbortController()
  const end = () => ending.abort(signal.reason)
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  const done = new AbortController()
  void clock
    .sleepUntil(clock.now() + request.deadline, done.signal)
    .then(() => ending.abort(tookTooLong(request)))
    .catch(() => {}) // it was done before
  const migration = migrator.migrate(request, { signal: ending.signal, progress })
  try {
    return await Promise.race([migration, unendingAfter(ending.signal, clock, migration)])
  } finally {
    done.abort(timedOut)
    signal.removeEventListener('abort', end)
  }
}

/**
 * Sees to the end of a migration that an earlier process began, which libvirt may go on with: waits for it, ends it at its
 * deadline, and looks whether the guest is here. Rejects with `ERR_MIGRATION` when it is.
 */
export async function seeToEnd(carrying: Carrying): Promise<MigrationResult> {
  const { clock, migrator, request, signal, progress } = carrying
  const began = clock.now()
  let isAborted = false
  for (;;) {
    const now = await migrator.progress(request.guest)
    if (now === undefined) break
    progress(now)
    if (!isAborted && (signal.aborted || clock.now() - began >= request.deadline)) {
      isAborted = true
      await migrator.abort(request.guest)
    }
    if (signal.aborted) break
    await clock.sleepUntil(clock.now() + lookEvery)
  }
  if (!(await migrator.runs(request.guest))) return { elapsed: clock.now() - began }
  throw new BallastError(
    'ERR_MIGRATION',
    'The agent was started anew during the migration, and the guest is here',
  )
}

/** Never resolves while nothing is to end; rejects when it does not end in time. */
function unendingAfter(
  signal: AbortSignal,
  clock: Clock,
  migration: Promise<MigrationResult>,
): Promise<never> {
  return new Promise((_, reject) => {
    const watch = async () => {
      const answer = await withTimeout(clock, abortGrace, migration.then(undefined, asBallastError))
      if (answer !== timedOut) return
      reject(
        new BallastError('ERR_MIGRATION_UNKNOWN', 'The migration did not end within 30 s after it was to'),
      )
    }
    if (signal.aborted) void watch()
    else signal.addEventListener('abort', () => void watch(), { once: true })
  })
}

function tookTooLong({ deadline }: MigrationRequest): BallastError {
  const seconds = Math.round(deadline / 1_000)
  return new BallastError('ERR_MIGRATION_ABORTED', `It took longer than its deadline of ${seconds} s`)
}
