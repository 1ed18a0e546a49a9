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
/** Samples beyond which a stretch tells no more. */
const saturation = 10
/** What is left of earlier information when newer comes, and when the guest turns out to do something else. */
const kept = 0.5

/** Samples in a row that are alike. Fractions of a pCPU. */
interface Stretch {
  readonly usage: number
  /** What `usage / (1 - delay)` says it would use besides, if it need not wait. */
  readonly hidden: number
  readonly samples: number
}

/** Whether a change of contention came from outside: others on the same pCPU use more of late, or less. */
export interface Outside {
  readonly rose: boolean
  readonly fell: boolean
}

/** What a change of contention teaches. */
interface Lesson {
  readonly value: number
  readonly information: number
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
  #learned: Lesson = { value: 1, information: priorInformation }
  #before: Stretch | undefined
  #now: Stretch | undefined
  #isOff = false
  /** With what the present stretch teaches. */
  #current: Lesson = this.#learned

  /** Takes in one sample: usage, and what is hidden, as fractions of a pCPU; and what changed beside the vCPU. */
  next(usage: number, hidden: number, outside: Outside): void {
    const now = this.#now
    if (!now) {
      this.#now = { usage, hidden, samples: 1 }
      return
    }
    const off = isOff(usage, now.usage, usageNoise) || isOff(hidden, now.hidden, hiddenNoise)
    if (off && this.#isOff) this.#turn(now, { usage, hidden, samples: 1 }, outside)
    else if (!off) this.#now = extended(now, usage, hidden)
    this.#isOff = off && !this.#isOff
    this.#current = this.#before && this.#now ? learn(this.#learned, this.#before, this.#now) : this.#learned
  }

  /** 0 to 1. */
  get value(): number {
    return this.#current.value
  }

  get low(): number {
    return Math.max(0, this.#current.value - this.#uncertainty())
  }

  get high(): number {
    return Math.min(1, this.#current.value + this.#uncertainty())
  }

  #uncertainty(): number {
    return Math.max(spread.least, spread.atOne / Math.sqrt(this.#current.information))
  }

  #turn(last: Stretch, next: Stretch, outside: Outside): void {
    this.#now = next
    if (last.samples < settled) return
    const isFromOutside = next.hidden > last.hidden ? outside.rose : outside.fell
    this.#learned = isFromOutside ? this.#current : doubted(this.#current)
    this.#before = isFromOutside ? last : undefined
  }
}

function isOff(sample: number, mean: number, noise: typeof usageNoise): boolean {
  return Math.abs(sample - mean) > noise.floor + noise.share * mean
}

function extended(stretch: Stretch, usage: number, hidden: number): Stretch {
  const samples = Math.min(stretch.samples + 1, saturation)
  return {
    usage: stretch.usage + (usage - stretch.usage) / samples,
    hidden: stretch.hidden + (hidden - stretch.hidden) / samples,
    samples,
  }
}

/** What is believed after the contention changed from one stretch to the next. */
function learn(belief: Lesson, before: Stretch, now: Stretch): Lesson {
  const usage = now.usage - before.usage
  const revealed = before.hidden - now.hidden
  const noise = usageNoise.floor + usageNoise.share * Math.min(before.usage, now.usage)
  const isExplained = usage >= Math.min(0, revealed) - noise && usage <= Math.max(0, revealed) + noise
  if (!isExplained) return doubted(belief)
  if (Math.abs(revealed) < leastChange) return belief

  const value = Math.min(1, Math.max(0, usage / revealed))
  const information = revealed ** 2 * Math.min(before.samples, now.samples)
  const { information: earlier } = doubted(belief)
  return {
    value: (belief.value * earlier + value * information) / (earlier + information),
    information: earlier + information,
  }
}

function doubted({ value, information }: Lesson): Lesson {
  return { value, information: Math.max(priorInformation, kept * information) }
}
