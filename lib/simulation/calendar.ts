/** Steps that are kept apart; what is due later is looked at in between, in vain. */
const ring = 128

/**
 * Which tasks are to be looked at in which step. One bitmap for each of the next steps, so that those of a step come in the
 * order of their numbers and nothing has to be sorted. To look at a task too often does no harm: whether there is something to
 * do, the task itself says.
 */
export class Calendar {
  /** The first step whose tasks have not been taken. */
  pending = 0
  #stride = 0
  #bits = new Int32Array(0)

  /** Forgets all that is marked, and has room for so many tasks. */
  clear(tasks: number): void {
    this.#stride = Math.ceil(tasks / 32)
    this.#bits = new Int32Array(ring * this.#stride)
  }

  /** `task` is to be looked at when `time` has come to the nearest step, in the next one at the earliest. */
  mark(task: number, time: number): void {
    const { pending } = this
    const last = pending + ring - 2
    const nearest = Math.ceil(time - 0.5)
    const step = nearest <= pending ? pending : Math.min(nearest, last)
    this.#bits[(step & (ring - 1)) * this.#stride + (task >>> 5)]! |= 1 << (task & 31)
  }

  /** Fills `into` with the tasks of the pending step, in ascending order, and goes on to the next; says how many they are. */
  take(into: Int32Array): number {
    const begin = (this.pending & (ring - 1)) * this.#stride
    this.pending += 1
    let count = 0
    for (let word = 0; word < this.#stride; word++) {
      let bits = this.#bits[begin + word]!
      if (bits === 0) continue
      this.#bits[begin + word] = 0
      for (; bits !== 0; bits &= bits - 1) into[count++] = word * 32 + 31 - Math.clz32(bits & -bits)
    }
    return count
  }
}
