import { vi } from 'vitest'

/** Milliseconds: half of what a test may take, so that what never comes is told by its own message. */
const timeout = 15_000

/** Resolves when `check` passes; rejects with its last failure. vitest's own second is too little on a busy machine. */
export function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout })
}
