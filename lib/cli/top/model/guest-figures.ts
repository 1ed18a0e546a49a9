import type { ShownDomain } from '../../../report/shown-tick.ts'

/** A guest in one row. Loads and waits are in pCPUs, sizes in bytes; undefined: not known. */
export interface GuestFigures {
  readonly uuid: string
  readonly name: string
  readonly vcpus: number
  /** What its vCPUs ran in all, and would run if none waited. */
  readonly usage: number | undefined
  readonly demand: number | undefined
  /** The part of the time that the vCPU waited which waited longest. */
  readonly delay: number | undefined
  readonly cpuScore: number | undefined
  readonly memoryScore: number | undefined
  /** The lower of the two that are known. */
  readonly score: number | undefined
  /** Of its balloon; what of it the guest uses; what Ballast asked for last; what it can have at most. */
  readonly size: number | undefined
  readonly used: number | undefined
  readonly target: number | undefined
  readonly maximum: number | undefined
  /** What is the matter with it; empty: nothing. */
  readonly note: string
}

export function guestFigures({ uuid, name, state, vcpus, memory, score }: ShownDomain): GuestFigures {
  const { actual, maximum, target, usable, unused, hold } = memory
  const spare = usable ?? unused
  return {
    uuid,
    name,
    vcpus: vcpus.length,
    usage: sumOf(vcpus, 'usage'),
    demand: sumOf(vcpus, 'demand'),
    delay: highestOf(vcpus, 'delay'),
    cpuScore: score.cpu,
    memoryScore: score.memory,
    score: lowest(score.cpu, score.memory),
    size: actual,
    used: actual === undefined || spare === undefined ? undefined : Math.max(0, actual - spare),
    target,
    maximum,
    note: noteOn(state, hold, highestOf(vcpus, 'throttled') ?? 0),
  }
}

type Vcpus = ShownDomain['vcpus']
type Share = 'usage' | 'demand' | 'delay' | 'throttled'

function sumOf(vcpus: Vcpus, share: Share): number | undefined {
  let sum: number | undefined
  for (const vcpu of vcpus) if (vcpu[share] !== undefined) sum = (sum ?? 0) + vcpu[share]
  return sum
}

function highestOf(vcpus: Vcpus, share: Share): number | undefined {
  let highest: number | undefined
  for (const vcpu of vcpus) {
    const value = vcpu[share]
    if (value !== undefined && !(highest !== undefined && highest >= value)) highest = value
  }
  return highest
}

function lowest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function noteOn(state: ShownDomain['state'], hold: string | undefined, throttled: number): string {
  if (state !== 'running') return state
  // That there are no statistics is seen where they are missing.
  const held = hold === undefined || hold === 'no statistics' ? '' : hold
  const throttle = throttled >= 0.01 ? `throttled ${Math.round(100 * throttled)} %` : ''
  return [held, throttle].filter(Boolean).join(', ')
}
