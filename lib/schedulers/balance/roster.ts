/**
 * Who the items of a model are, so that they are found again in other Views. Domains seldom change places from View to
 * View: a vCPU is looked for where it was, and among all only when it is not there.
 */
export class Roster {
  /** By row, in the order of the View: the UUID of the domain, the number of the vCPU, and which item it is. */
  readonly #uuids: readonly string[]
  readonly #numbers: Int32Array
  readonly #items: Int32Array
  /** By UUID and number; made when it is first asked for. */
  #index: ReadonlyMap<string, readonly (number | undefined)[]> | undefined

  constructor(uuids: readonly string[], numbers: Int32Array, items: Int32Array) {
    this.#uuids = uuids
    this.#numbers = numbers
    this.#items = items
  }

  /** By item of `now`: which item it was here; undefined when these are not the same vCPUs. */
  itemsOf(now: Roster): Int32Array | undefined {
    const count = now.#items.length
    if (this.#items.length !== count) return undefined
    const items = new Int32Array(count)
    for (let row = 0; row < count; row++) {
      const uuid = now.#uuids[row]!
      const number = now.#numbers[row]!
      const isThere = this.#uuids[row] === uuid && this.#numbers[row] === number
      const item = isThere ? this.#items[row] : this.#itemOf(uuid, number)
      if (item === undefined) return undefined
      items[now.#items[row]!] = item
    }
    return items
  }

  /** Whether all of these were here. */
  includes(others: Roster): boolean {
    for (let row = 0; row < others.#uuids.length; row++) {
      const uuid = others.#uuids[row]!
      const number = others.#numbers[row]!
      const isThere = this.#uuids[row] === uuid && this.#numbers[row] === number
      if (!isThere && this.#itemOf(uuid, number) === undefined) return false
    }
    return true
  }

  #itemOf(uuid: string, number: number): number | undefined {
    this.#index ??= this.#makeIndex()
    return this.#index.get(uuid)?.[number]
  }

  #makeIndex(): ReadonlyMap<string, readonly (number | undefined)[]> {
    const index = new Map<string, (number | undefined)[]>()
    for (const [row, uuid] of this.#uuids.entries()) {
      const items = index.get(uuid) ?? []
      items[this.#numbers[row]!] = this.#items[row]
      index.set(uuid, items)
    }
    return index
  }
}
