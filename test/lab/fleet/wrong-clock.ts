import { wrongClockLibrary } from '../../../scripts/unpacked.mjs'

/**
 * Environment of a program whose wall clock is off by so many milliseconds: of the whole process, with all that its libraries
 * ask the time. Its monotonic clock goes as the machine's does, as when an administrator sets a clock wrong.
 */
export function wrongClock(off: number): NodeJS.ProcessEnv {
  if (off === 0) return {}
  const library = wrongClockLibrary()
  if (library === undefined) throw new Error('libfaketime is not here: node scripts/setup.mjs --nats')
  const seconds = off / 1_000
  return {
    LD_PRELOAD: library,
    FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}
