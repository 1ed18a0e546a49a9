/** Figures of many, in an order that both sides know; null: not known. */
export type Column = readonly (number | null)[]

export function whole(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value)
}

export function thousandths(part: number | undefined): number | null {
  return part === undefined ? null : whole(1_000 * part)
}

/** Sets of pCPUs as lists, each once: most vCPUs share theirs with others. */
export class SetTable {
  readonly lists: string[] = []
  readonly #positions = new Map<string, number>()
  readonly #known = new Map<object, number>()

  /** The position of a set in `lists`. */
  add(set: { toString(): string }): number {
    const before = this.#known.get(set)
    if (before !== undefined) return before
    const list = set.toString()
    let position = this.#positions.get(list)
    if (position === undefined) {
      position = this.lists.push(list) - 1
      this.#positions.set(list, position)
    }
    this.#known.set(set, position)
    return position
  }
}
