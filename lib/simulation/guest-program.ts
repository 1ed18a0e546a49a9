import { MiB } from '../util/units.ts'
import type { Program } from './scenario.ts'

/** Bytes per second. */
const usualGrowth = 512 * MiB
const none: Required<Program> = { size: 0, rate: 0, touch: 0, files: 0, goesOn: false }

/** The program of a guest: as the scenario has it, and as it is, for the guest's kernel may kill it. */
export class GuestProgram {
  /** What runs. */
  now = none
  /** Bytes that it would hold had it never waited or been killed. */
  wouldHold = 0
  /** How often one was killed. */
  killed = 0
  #meant = none
  /** It was killed, and no other has begun. */
  #isGone = false

  begin(program: Program): void {
    this.#meant = { ...none, rate: usualGrowth, ...program }
    if (!program.goesOn) this.#isGone = false
    this.now = this.#isGone ? none : this.#meant
    this.wouldHold = Math.min(this.wouldHold, program.size)
  }

  /** What it would hold becomes more. */
  grow(seconds: number): void {
    this.wouldHold = Math.min(this.#meant.size, this.wouldHold + this.#meant.rate * seconds)
  }

  get isGrown(): boolean {
    return this.wouldHold === this.#meant.size
  }

  kill(): void {
    this.killed++
    this.#isGone = true
    this.now = none
  }

  /** Its guest boots anew. */
  end(): void {
    this.#isGone = false
    this.now = none
    this.#meant = none
    this.wouldHold = 0
  }
}
