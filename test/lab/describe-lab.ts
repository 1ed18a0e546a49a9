import { describe } from 'vitest'
import { labUnavailable } from './available.ts'

const unavailable = await labUnavailable()
if (unavailable !== undefined) {
  // Elsewhere it is fine to have no room for a lab; a CI that tests nothing on real guests is broken.
  if (process.env.CI === 'true') throw new Error(`The lab's tests cannot run: ${unavailable}`)
  console.warn(`The lab's tests are left out: ${unavailable}`)
}

/** `describe`, left out with a word about it where the lab cannot run; a failure where `CI=true`. */
export const describeLab: ReturnType<typeof describe.skipIf> = describe.skipIf(unavailable !== undefined)
