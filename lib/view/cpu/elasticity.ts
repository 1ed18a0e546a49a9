/** A change of what is hidden that is smaller teaches nothing. Fraction of a pCPU. */
const leastChange = 0.08
/** Information that the belief of the beginning stands for: less than one sample after the least change. */
const priorInformation = 0.01
/** Half the width of the interval at an information of 1, and at least. */
const spread = { atOne: 0.1, least: 0.05 }
/** How far a sample may be off and still belong: absolute, and as a part of the mean, added. */
const usageNoise = { floor: 0.03, share: 0.2 }
const hiddenNoise = { floor: 0.06, share: 0.2 }
/** A stretch of fewer samples is a passage from one to the next, such as work that had piled up being done. */
const settled = 3
/** Samples beyond which a stretch teaches no more. */
const saturation = 10
/** What is left of earlier information when newer comes, and when the guest turns out to do something else. */
const kept = 0.5

/** Samples in a row that are alike. Fractions of a pCPU. Changed in place: there are thousands of them. */
interface Stretch {
  usage: number
  /** What `usage / (1 - delay)` says it would use besides, if it need not wait. */
  hidden: number
  samples: number
}

/** Whether a change of contention came from outside: others on the same pCPU have recently used more, or less. */
export interface Outside {
  readonly rose: boolean
  readonly fell: boolean
}

/** What is believed, and how much speaks for it. Changed in place. */
interface Belief {
  value: number
  information: number
}

/**
 * How much of what `usage / (1 - delay)` takes a vCPU to want beyond its usage comes out when it waits less: 0 for
 * an open loop, whose work arrives by the clock and is done anyhow; 1 for a closed loop and for one that never
 * sleeps. Counters of one interval cannot tell. Two stretches under different contention can: usage that stayed as it
 * was is an open loop's, usage that rose by what was hidden a closed loop's. Only a change from outside
 * counts: a guest that has less to do waits less too, and teaches nothing, no more than one whose usage changed in a way
 * that neither explains.
 *
 * Believed to be 1 until something was learned. Kept for as long as nothing contradicts it: a belief that faded by
 * time alone would move the same guest again and again. Newer lessons outweigh older ones.
 */
export class Elasticity {
  readonly #learned: Belief = { value: 1, information: priorInformation }
  /** With what the present stretch teaches. */
  readonly #current: Belief = { ...this.#learned }
  #before: Stretch | undefined
  #now: Stretch | undefined
  /** Whether the last sample was far from the present stretch. */
  #isOff = false
  #low = 0
  #high = 1

  constructor() {
    this.#bound()
  }

  /** Takes in one sample: usage, and what is hidden, as fractions of a pCPU; and what changed beside the vCPU. */
  next(usage: number, hidden: number, outside: Outside): void {
    if (!this.#now) {
      this.#now = { usage, hidden, samples: 1 }
      return
    }
    const { usage: usual, hidden: usuallyHidden } = this.#now
    const off = isOff(usage, usual, usageNoise) || isOff(hidden, usuallyHidden, hiddenNoise)
    if (off && this.#isOff) this.#turn(this.#now, { usage, hidden, samples: 1 }, outside)
    else if (!off) extend(this.#now, usage, hidden)
    this.#isOff = off && !this.#isOff
    assign(this.#current, this.#learned)
    if (this.#before) learn(this.#current, this.#before, this.#now)
    this.#bound()
  }

  /** What comes next does not continue what was: it is compared with nothing before. What was learned stays. */
  interrupt(): void {
    assign(this.#learned, this.#current)
    this.#before = undefined
    this.#now = undefined
    this.#isOff = false
  }

  /** 0 to 1. */
  get value(): number {
    return this.#current.value
  }

  get low(): number {
    return this.#low
  }

  get high(): number {
    return this.#high
  }

  #bound(): void {
    const { value, information } = this.#current
    const uncertainty = Math.max(spread.least, spread.atOne / Math.sqrt(information))
    this.#low = Math.max(0, value - uncertainty)
    this.#high = Math.min(1, value + uncertainty)
  }

  #turn(last: Stretch, next: Stretch, outside: Outside): void {
    this.#now = next
    if (last.samples < settled) return
    const isFromOutside = next.hidden > last.hidden ? outside.rose : outside.fell
    assign(this.#learned, this.#current)
    if (!isFromOutside) doubt(this.#learned)
    this.#before = isFromOutside ? last : undefined
  }
}

function isOff(sample: number, mean: number, noise: typeof usageNoise): boolean {
  return Math.abs(sample - mean) > noise.floor + noise.share * mean
}

function extend(stretch: Stretch, usage: number, hidden: number): void {
  stretch.samples = Math.min(stretch.samples + 1, saturation)
  stretch.usage += (usage - stretch.usage) / stretch.samples
  stretch.hidden += (hidden - stretch.hidden) / stretch.samples
}

/** Adds to a belief what the change of contention from one stretch to the next says. */
function learn(belief: Belief, before: Stretch, now: Stretch): void {
  const usage = now.usage - before.usage
  const revealed = before.hidden - now.hidden
  const noise = usageNoise.floor + usageNoise.share * Math.min(before.usage, now.usage)
  const isExplained = usage >= Math.min(0, revealed) - noise && usage <= Math.max(0, revealed) + noise
  if (!isExplained) {
    doubt(belief)
    return
  }
  if (Math.abs(revealed) < leastChange) return

  const value = Math.min(1, Math.max(0, usage / revealed))
  const information = revealed ** 2 * Math.min(before.samples, now.samples)
  doubt(belief)
  const sum = belief.information + information
  belief.value = (belief.value * belief.information + value * information) / sum
  belief.information = sum
}

function doubt(belief: Belief): void {
  belief.information = Math.max(priorInformation, kept * belief.information)
}

function assign(to: Belief, from: Belief): void {
  to.value = from.value
  to.information = from.information
}
