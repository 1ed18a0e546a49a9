import type { HostLock } from '../../control/host-lock/host-lock.ts'
import type { Tick } from '../../control/tick.ts'
import { RecentTicks } from '../../recording/recent-ticks.ts'
import { type CliContext, logNotice } from '../context.ts'
import { Followers } from './followers.ts'
import { questionVersion } from './protocol.ts'
import { serveRecent } from './serve.ts'

/** What a controller remembers of its Ticks, and tells whoever may ask. */
export interface Remembered extends AsyncDisposable {
  /** A loop begins, at `time` of the host's clock. */
  begin(time: number): void
  observe(tick: Tick): void
}

/**
 * Remembers what a controller does, for `ballast why` and `ballast history`, and tells each Tick to those who follow
 * it, as `ballast top` does. Undefined where nobody could ask: on hosts within this process, and where there can be no
 * socket, which is logged.
 */
export async function rememberRecent(context: CliContext, lock: HostLock): Promise<Remembered | undefined> {
  const { socketPath } = lock
  if (socketPath === undefined) return undefined
  const problem = (message: string) => {
    const text = `"ballast why", "history" and "top" cannot ask this controller at ${socketPath}: ${message}`
    logNotice(context, text, { event: 'history', level: 'warn' })
  }
  const recent = new RecentTicks()
  const followers = new Followers()
  try {
    const server = await serveRecent(socketPath, { recent, followers }, problem)
    lock.answers(questionVersion)
    return {
      begin: (time) => recent.begin(time),
      observe(tick) {
        recent.observe(tick)
        followers.observe(tick)
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  } catch (error) {
    problem(error instanceof Error ? error.message : String(error))
    return undefined
  }
}
