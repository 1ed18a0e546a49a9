/** Milliseconds after which what nobody asks for is no longer followed. */
const followedFor = 60_000

/** Something that follows a stream. */
export interface Follower {
  restart(): void
  stop(): void
}

/** What is followed for as long as somebody asks for it, by what for. */
export class Followers {
  readonly #followed = new Map<string, { readonly follower: Follower; readonly idle: NodeJS.Timeout }>()

  has(what: string): boolean {
    return this.#followed.has(what)
  }

  /** The one that follows; `make` makes it where there is none. */
  get<T extends Follower>(what: string, make: () => T): T {
    const known = this.#followed.get(what)
    clearTimeout(known?.idle)
    const follower = (known?.follower as T | undefined) ?? make()
    const idle = setTimeout(() => {
      follower.stop()
      this.#followed.delete(what)
    }, followedFor)
    idle.unref()
    this.#followed.set(what, { follower, idle })
    return follower
  }

  restart(): void {
    for (const { follower } of this.#followed.values()) follower.restart()
  }

  stop(): void {
    for (const { follower, idle } of this.#followed.values()) {
      clearTimeout(idle)
      follower.stop()
    }
    this.#followed.clear()
  }
}
