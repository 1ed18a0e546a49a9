import { setTimeout as sleep } from 'node:timers/promises'

const generousLimit = 30_000

/** Waits until `check` no longer throws, and returns what it returned; throws as it did last when that takes too long. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  for (const deadline = Date.now() + generousLimit; ; ) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() >= deadline) throw error
    }
    await sleep(20)
  }
}
