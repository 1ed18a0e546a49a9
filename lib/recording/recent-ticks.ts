import type { Tick } from '../control/tick.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { tickDecisions } from '../report/tick-decisions.ts'
import type { DomainsEntry, Entry } from './entries.ts'
import { TickWriter } from './tick-writer.ts'

/** How much a controller remembers: the last ticks whole, and of those before them what was changed, and what came of it. */
export const recentLimits = {
  /** Ticks that are kept whole, and bytes that they take. */
  ticks: 1_800,
  tickBytes: 4 * 2 ** 20,
  /** Ticks whose changes and results are kept, and bytes that these take. */
  changes: 1_000,
  changeBytes: 2 * 2 ** 20,
}

/** Whole ticks are dropped in groups: the first of one says all, the others what is new. */
const groupTicks = 60
/** Part of the bytes of all whole ticks that a group has at most, but for its last tick. */
const groupShare = 1 / 8

/** What is remembered, as entries of a recording. */
export interface RecentPast {
  /** Lines of JSON, one for each entry. */
  readonly lines: readonly Buffer[]
  /** Milliseconds since the epoch: nothing is known of what was before. Undefined: of nothing. */
  readonly since: number | undefined
  /** Milliseconds since the epoch: of what was before, only changes and their results are known. */
  readonly wholeSince: number | undefined
}

/** The last ticks of a controller in a bounded amount of memory, as a recording would have them. */
export class RecentTicks {
  readonly #limits: typeof recentLimits
  readonly #writer = new TickWriter()
  #groups: Group[] = []
  #changes: Kept[] = []
  #count = 0
  #domains: DomainsEntry['domains'] = []
  #sets = 0
  /** The first tick, and after that the last one whose changes were dropped. */
  #since: number | undefined

  constructor(limits = recentLimits) {
    this.#limits = limits
  }

  /** A loop begins, at `time` of the host's clock: its ticks are counted from 0 again. */
  begin(time: number): void {
    const line = lineOf({ t: time, run: { configuration: {} } })
    this.#groups.at(-1)?.add(line)
    this.#changes.push({ tick: this.#count, wallTime: Number.NEGATIVE_INFINITY, line })
  }

  observe(tick: Tick): void {
    const { wallTime, view } = tick
    const t = view.time
    this.#since ??= wallTime
    const isNew = this.#groupFor(wallTime)
    const isOther = !isSame(view.domains, this.#domains)
    if (isOther) this.#domains = view.domains.map(({ uuid, name, id }) => ({ uuid, name, id }))
    const group = this.#groups.at(-1)!
    if (isOther || isNew) group.add(lineOf({ t, set: this.#sets++, domains: this.#domains }))
    // What was planned and is not among the outcomes is among the clamps.
    group.add(lineOf({ t, tick: { ...this.#writer.write(tick), plan: [] } }))
    group.ticks++
    if (hasChanges(tick)) this.#changes.push({ tick: this.#count, wallTime, line: changesLine(tick) })
    this.#count++
    this.#prune()
  }

  /** What is remembered by now. */
  past(): RecentPast {
    const [first] = this.#groups
    const older = this.#changes.filter(({ tick }) => first === undefined || tick < first.begin)
    const wholeSince = first?.wallTime
    const since =
      this.#since === undefined || wholeSince === undefined ? undefined : Math.min(this.#since, wholeSince)
    return {
      lines: [...older.map(({ line }) => line), ...this.#groups.flatMap(({ lines }) => lines)],
      since,
      wholeSince,
    }
  }

  /** Whether what comes next begins a group, which is there afterwards. */
  #groupFor(wallTime: number): boolean {
    const last = this.#groups.at(-1)
    if (last && last.ticks < groupTicks && last.bytes < groupShare * this.#limits.tickBytes) return false
    last?.close()
    this.#groups.push(new Group(this.#count, wallTime))
    this.#writer.reset()
    return true
  }

  #prune(): void {
    const { ticks, tickBytes, changes, changeBytes } = this.#limits
    const sum = (of: (group: Group) => number) => this.#groups.reduce((total, group) => total + of(group), 0)
    while (
      this.#groups.length > 1 &&
      (sum((group) => group.ticks) > ticks || sum((group) => group.bytes) > tickBytes)
    ) {
      this.#groups.shift()
    }
    let bytes = this.#changes.reduce((total, { line }) => total + line.length, 0)
    while (this.#changes.length > changes || bytes > changeBytes) {
      const dropped = this.#changes.shift()!
      bytes -= dropped.line.length
      this.#since = Math.max(this.#since ?? dropped.wallTime, dropped.wallTime)
    }
  }
}

/** Ticks that are kept whole, one after the other. */
class Group {
  /** The number of its first tick, and when that was, in milliseconds since the epoch. */
  readonly begin: number
  readonly wallTime: number
  lines: Buffer[] = []
  ticks = 0
  bytes = 0

  constructor(begin: number, wallTime: number) {
    this.begin = begin
    this.wallTime = wallTime
  }

  add(line: Buffer): void {
    this.lines.push(line)
    this.bytes += line.length
  }

  /** Nothing more is added: one piece of memory takes less than many. */
  close(): void {
    this.lines = [Buffer.concat(this.lines)]
  }
}

/** What was changed in a tick. */
interface Kept {
  /** The how manieth tick it is of. */
  readonly tick: number
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  readonly line: Buffer
}

function hasChanges({ outcomes, results, rollbacks }: Tick): boolean {
  return outcomes.length > 0 || (results?.length ?? 0) > 0 || (rollbacks?.length ?? 0) > 0
}

function changesLine(tick: Tick): Buffer {
  const { clamps, ...decisions } = tickDecisions(tick)
  // Of the clamps only what belongs to a change is of interest later.
  const changed = clamps.filter(({ result }) => result === 'changed')
  return lineOf({ t: tick.view.time, tick: { ...decisions, plan: [], clamps: changed, skipped: [] } })
}

function lineOf(entry: Entry): Buffer {
  return Buffer.from(`${JSON.stringify(entry)}\n`)
}

type Identities = readonly Pick<DomainIdentity, 'uuid' | 'name' | 'id'>[]

function isSame(a: Identities, b: Identities): boolean {
  if (a.length !== b.length) return false
  return a.every(
    ({ uuid, name, id }, row) => uuid === b[row]!.uuid && name === b[row]!.name && id === b[row]!.id,
  )
}
