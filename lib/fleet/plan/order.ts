/** A guest that is to change its host, with what decides about the order. Hosts are rows. */
export interface Move {
  readonly guest: number
  readonly from: number
  readonly to: number
  /** Bytes that it takes where it comes, and leaves where it goes. */
  readonly memory: number
  readonly leaves: number
}

/** A move at its place in the order. */
export interface OrderedMove extends Move {
  /** Places in the order of the moves that have to be done before. */
  readonly after: readonly number[]
  /** Whether it goes to where it stays, or there only to make room, or on from there. */
  readonly part: 'all' | 'detour' | 'rest'
}

export interface OrderingLimits {
  /** By host: bytes free now, with all that is under way counted. */
  readonly free: Float64Array
  /** Whether a guest may be on a host for a while. */
  mayBeOn(guest: number, host: number): boolean
  /** The guests that this one must not meet on a host, and the host that a guest is on now. */
  conflicts(guest: number): ReadonlySet<number>
  hostOf(guest: number): number
}

export interface Ordering {
  readonly moves: readonly OrderedMove[]
  /** What no order brings there, with detours neither. */
  readonly blocked: readonly Move[]
}

/**
 * Puts moves into an order in which each fits when those that it waits for are done, whatever else of the order is under way or
 * done: a guest counts on both hosts until its move is done. Where all that are left wait for each other (a cycle between full
 * hosts), one of them goes to a third host first.
 */
export function ordered(moves: readonly Move[], limits: OrderingLimits): Ordering {
  const schedule = new Schedule(limits)
  const left = [...moves]
  const blocked: Move[] = []
  while (left.length > 0) {
    const next = left.findIndex((move) => schedule.fits(move))
    if (next >= 0) {
      schedule.place(left.splice(next, 1)[0]!, 'all')
      continue
    }
    const detour = detourOf(left, schedule, limits)
    if (detour) {
      const [move] = left.splice(detour.index, 1)
      schedule.place({ ...move!, to: detour.via }, 'detour')
      left.push({ ...move!, from: detour.via, leaves: move!.memory })
      continue
    }
    // The last is the least urgent. What waits for it is found blocked as well.
    blocked.push(left.pop()!)
  }
  const stranded = new Set(blocked.map(({ guest }) => guest))
  if (!schedule.moves.some(({ guest }) => stranded.has(guest))) return { moves: schedule.moves, blocked }
  // A guest that could not go on from a detour does not set out: the others are put into an order without it.
  const without = ordered(
    moves.filter(({ guest }) => !stranded.has(guest)),
    limits,
  )
  const dropped = moves.filter(({ guest }) => stranded.has(guest))
  return { moves: without.moves, blocked: [...dropped, ...without.blocked] }
}

/** The smallest of the moves that others wait for, and a third host that can take its guest for a while. */
function detourOf(
  left: readonly Move[],
  schedule: Schedule,
  limits: OrderingLimits,
): { readonly index: number; readonly via: number } | undefined {
  const wanted = new Set(left.map(({ to }) => to))
  const candidates = [...left.entries()]
    .filter(([, { from, guest }]) => wanted.has(from) && !schedule.hasMoved(guest))
    .sort(([, a], [, b]) => a.memory - b.memory)
  for (const [index, move] of candidates) {
    for (let via = 0; via < limits.free.length; via++) {
      if (via === move.from || via === move.to || wanted.has(via)) continue
      if (limits.mayBeOn(move.guest, via) && schedule.fits({ ...move, to: via })) return { index, via }
    }
  }
  return undefined
}

class Schedule {
  readonly #limits: OrderingLimits
  readonly #placed: OrderedMove[] = []
  /** By host: places of the moves that come there, and that leave it. */
  readonly #coming = new Map<number, number[]>()
  readonly #leaving = new Map<number, number[]>()

  constructor(limits: OrderingLimits) {
    this.#limits = limits
  }

  hasMoved(guest: number): boolean {
    return this.#placed.some((move) => move.guest === guest)
  }

  fits(move: Move): boolean {
    return this.#after(move) !== undefined
  }

  place(move: Move, part: OrderedMove['part']): void {
    const after = this.#after(move)!
    const place = this.#placed.length
    const isRest = this.hasMoved(move.guest)
    this.#placed.push({ ...move, after, part: isRest ? 'rest' : part })
    push(this.#coming, move.to, place)
    push(this.#leaving, move.from, place)
  }

  get moves(): readonly OrderedMove[] {
    return this.#placed
  }

  /** Places of the moves that have to be done before this one; undefined: it does not fit, whatever is done of those so far. */
  #after(move: Move): number[] | undefined {
    const after = new Set<number>()
    const own = this.#placed.findLastIndex(({ guest }) => guest === move.guest)
    if (own >= 0) after.add(own)
    const leaving = this.#leaving.get(move.to) ?? []
    const coming = this.#coming.get(move.to) ?? []
    for (const other of this.#limits.conflicts(move.guest)) {
      const came = coming.findLast((place) => this.#placed[place]!.guest === other)
      if (came === undefined && this.#limits.hostOf(other) !== move.to) continue
      const gone = leaving.findLast((place) => this.#placed[place]!.guest === other)
      if (gone === undefined || gone < (came ?? -1)) return undefined
      after.add(gone)
    }
    let free = this.#limits.free[move.to]!
    for (const place of coming) free -= this.#placed[place]!.memory
    for (const place of leaving) if (after.has(place)) free += this.#placed[place]!.leaves
    const rest = leaving.filter((place) => !after.has(place))
    rest.sort((a, b) => this.#placed[b]!.leaves - this.#placed[a]!.leaves)
    for (const place of rest) {
      if (free >= move.memory) break
      free += this.#placed[place]!.leaves
      after.add(place)
    }
    return free >= move.memory ? [...after].sort((a, b) => a - b) : undefined
  }
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
