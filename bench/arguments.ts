import { InvalidArgumentError } from 'commander'
import { type FleetPart, fleetParts } from './fleet/fleet.ts'

/** Reads a whole number that is not below another. */
export function atLeast(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least) return number
    throw new InvalidArgumentError(`Expected a whole number from ${least}.`)
  }
}

export function side(text: string): 'cpu' | 'memory' {
  if (text === 'cpu' || text === 'memory') return text
  throw new InvalidArgumentError('Expected cpu or memory.')
}

export function fleetPart(text: string): FleetPart {
  const part = fleetParts.find((one) => one === text)
  if (part) return part
  throw new InvalidArgumentError(`Expected ${fleetParts.join(' or ')}.`)
}

/** For JSON.stringify: figures as they are meant, no more digits than were measured. */
export function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}
