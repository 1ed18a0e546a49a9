import { InvalidArgumentError } from 'commander'
import { CpuSet } from '../host/cpuset.ts'
import { BallastError } from '../host/errors.ts'
import { mostSimilar } from '../util/most-similar.ts'
import { bytesIn, millisecondsIn } from '../util/quantity.ts'
import { UsageError } from './exit-codes.ts'

/** Seconds. Setting a timer for longer is a mistake, and from 2^31 ms on it would fire at once. */
export const longestInterval = 86_400
/** Seconds. */
export const shortestInterval = 0.1
/** Seconds, of a fleet. */
const longestFleetInterval = 10

/** An interval in seconds, as milliseconds. */
export function parseSeconds(text: string): number {
  const seconds = secondsIn(text)
  if (!(seconds >= shortestInterval && seconds <= longestInterval)) {
    throw new UsageError(
      `the interval must be a number of seconds from ${shortestInterval} to ${longestInterval}, such as 2; got ${JSON.stringify(text)}`,
    )
  }
  return 1000 * seconds
}

/** Seconds between the reports or rounds of a fleet, in milliseconds; `name` is what messages call them. */
export function parseFleetInterval(name: string): (text: string) => number {
  return (text) => {
    const seconds = secondsIn(text)
    if (seconds >= shortestInterval && seconds <= longestFleetInterval) return 1000 * seconds
    throw new UsageError(
      `${name} must be a number of seconds from ${shortestInterval} to ${longestFleetInterval}, since a report stays for 30; got ${JSON.stringify(text)}`,
    )
  }
}

function secondsIn(text: string): number {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN
}

/** A number of ticks. */
export function parseTicks(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) {
    throw new UsageError(`--ticks must be a whole number above 0, such as 10; got ${JSON.stringify(text)}`)
  }
  return Number(text)
}

/** A size with its unit, in bytes; a bare number is refused. */
export function parseSize(option: string): (text: string) => number {
  return (text) => {
    const bytes = bytesIn(text)
    if (bytes === undefined) {
      throw new UsageError(
        `${option} must be a size with its unit, such as 512MiB or 2GiB, below 8192TiB; got ${JSON.stringify(text)}`,
      )
    }
    return bytes
  }
}

/** A time with its unit, in milliseconds; a bare number is refused, as with sizes. */
export function parseDuration(option: string): (text: string) => number {
  return (text) => {
    const milliseconds = millisecondsIn(text)
    if (milliseconds === undefined) {
      throw new UsageError(
        `${option} must be a time with its unit, such as 500ms, 30s or 5min; got ${JSON.stringify(text)}`,
      )
    }
    return milliseconds
  }
}

/** A whole number above 0. */
export function parseWhole(option: string): (text: string) => number {
  return (text) => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < 1) {
      throw new UsageError(
        `${option} must be a whole number above 0, such as 10; got ${JSON.stringify(text)}`,
      )
    }
    return Number(text)
  }
}

/** A part of a whole, above 0 and up to 1. */
export function parsePart(option: string): (text: string) => number {
  return (text) => {
    const part = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(part > 0 && part <= 1)) {
      throw new UsageError(
        `${option} must be a number above 0 and up to 1, such as 0.5; got ${JSON.stringify(text)}`,
      )
    }
    return part
  }
}

/** A list of pCPUs such as `0-1,8`. */
export function parseCpus(option: string): (text: string) => CpuSet {
  return (text) => {
    const cpus = readCpus(text)
    if (!cpus || cpus.isEmpty) {
      throw new UsageError(`${option} must be a list of pCPUs, such as 0-1,8; got ${JSON.stringify(text)}`)
    }
    return cpus
  }
}

function readCpus(text: string): CpuSet | undefined {
  try {
    return CpuSet.parse(text)
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    return undefined
  }
}

/** Text that must not be empty: an empty variable in a script is a mistake, and no default. */
export function parseText(option: string): (text: string) => string {
  return (text) => {
    if (text.trim() === '') throw new UsageError(`${option} must not be empty; got ${JSON.stringify(text)}`)
    return text
  }
}

/** One of `choices`; a wrong word is an error that commander completes, and that says which was meant. */
export function parseChoice(choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (choices.includes(text)) return text
    const similar = mostSimilar(text, choices)
    const meant = similar === undefined ? '' : `Did you mean ${similar}? `
    throw new InvalidArgumentError(`${meant}Allowed choices are ${choices.join(', ')}.`)
  }
}

const ageUnits: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** An age such as `30s`, `15m`, `2h` or `7d`, in milliseconds. */
export function parseAge(option: string): (text: string) => number {
  return (text) => {
    const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
    const age = Number(number) * (ageUnits[unit] ?? Number.NaN)
    if (!(age > 0)) {
      throw new UsageError(`${option} must be an age such as 30s, 15m, 2h or 7d; got ${JSON.stringify(text)}`)
    }
    return age
  }
}

/** A moment, in milliseconds since the epoch: a local time of the last 24 hours such as `14:30`, or a date with a time. */
export function parseMoment(option: string, now = Date.now()): (text: string) => number {
  return (text) => {
    const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text) ?? []
    let moment: number
    if (hours === undefined)
      moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
    else {
      const day = new Date(now)
      moment = day.setHours(Number(hours), Number(minutes), Number(seconds), 0)
      if (moment > now) moment = new Date(moment).setDate(day.getDate() - 1)
      if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) moment = Number.NaN
    }
    if (Number.isNaN(moment)) {
      throw new UsageError(
        `${option} must be a time such as 14:30 or 2026-11-28T14:30; got ${JSON.stringify(text)}`,
      )
    }
    return moment
  }
}
