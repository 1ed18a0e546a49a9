/** Which items are vCPUs of the same domain. */
export class Guests {
  readonly #guestOf: Int32Array
  /** By guest. Made when it is first asked for: a balanced host never does. */
  #items: readonly (readonly number[])[] | undefined

  /** `guestOf`: a number of the domain by item. */
  constructor(guestOf: Int32Array) {
    this.#guestOf = guestOf
  }

  /** Whether two items are of one guest. */
  areOfOne(one: number, other: number): boolean {
    return this.#guestOf[one] === this.#guestOf[other]
  }

  /** All items of the guest that `item` is of, in ascending order. */
  itemsWith(item: number): readonly number[] {
    this.#items ??= groups(this.#guestOf)
    return this.#items[this.#guestOf[item]!]!
  }
}

/** The indexes at which each number is found, by number. */
function groups(numbers: Int32Array): number[][] {
  const found: number[][] = []
  for (let index = 0; index < numbers.length; index++) {
    const group = found[numbers[index]!]
    if (group) group.push(index)
    else found[numbers[index]!] = [index]
  }
  return found
}
