import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import type { Topology } from '../host/topology.ts'
import { type Ballooning, isPolicy, type KsmPolicy, type Scheduler } from '../policy/plan.ts'
import { formatBytes } from '../util/format.ts'
import { globMatcher } from '../util/glob.ts'
import * as defaults from './defaults.ts'
import { type DomainRulesByName, type RulesOf, readCpus, readDomainRules } from './domain/rules.ts'
import { type Journal, memoryJournal } from './journal/journal.ts'

/** What {@link autopilot} is asked to do. Milliseconds and bytes. */
export interface AutopilotOptions {
  /** Milliseconds from the start of one tick to the start of the next, from 1 to 2,147,483,647. */
  readonly interval: number
  /** Decides where vCPUs run. Without it none is pinned. */
  readonly scheduler?: Scheduler | undefined
  /** Decides how large balloons are. Without it none is changed. With neither policy the loop only watches. */
  readonly ballooning?: Ballooning | undefined
  /** Decides how fast the host merges equal pages (KSM). Without it that stays as it is. */
  readonly ksm?: KsmPolicy | undefined
  /** Do all but the changes: outcomes say `dry-run`. Default false. */
  readonly dryRun?: boolean | undefined
  /**
   * Whether a dry run gives guests a statistics period all the same, without which they report no memory. That is a
   * change: it is in the journal, and `restore` sets it back. Default false; without `dryRun` it is always done where
   * memory matters.
   */
  readonly statsPeriod?: boolean | undefined
  /** End after this many ticks, 1 or more; emergency ticks are not counted. Default: go on until aborted. */
  readonly ticks?: number | undefined
  /** Ends the loop quietly, having finished what it began. */
  readonly signal?: AbortSignal | undefined
  /** Glob over domain names (`*` and `?`): only these are changed; the others are counted and skipped. */
  readonly match?: string | undefined
  /**
   * Whether the affinity that a vCPU had when Ballast first saw its domain is a limit to where it may be pinned. Default
   * false: it is only where it starts. What the journal has of an earlier loop counts as first.
   */
  readonly respectPins?: boolean | undefined
  /** pCPUs that are the host's own, as a set or a list such as `0-1`: no vCPU is pinned there. Default: none. */
  readonly hostCpus?: CpuSet | string | undefined
  /**
   * What holds for single domains, by glob over their names: whether they are managed, which pCPUs they may use,
   * their shares. Adds to what their metadata says. See docs/policies/settings.md.
   */
  readonly domainRules?: DomainRulesByName | undefined
  /** Bytes of memory that are left to the host. Default: 5 % of its memory, at least 512 MiB. */
  readonly hostMemoryReserve?: number | undefined
  /**
   * Whether what the ZFS ARC of a local host holds above its minimum counts as available memory. The kernel does not count
   * it, though ZFS gives it back where memory runs short. Default false.
   */
  readonly countZfsArc?: boolean | undefined
  /** Bytes that no guest is shrunk below. Default 200 MiB. */
  readonly guestFloor?: number | undefined
  /** Bytes that every guest keeps above what it uses. Default 100 MiB. */
  readonly guestMargin?: number | undefined
  /** Where original settings are written before they are changed. Default: in memory, until the loop ends. */
  readonly journal?: Journal | undefined
}

/** {@link AutopilotOptions}, checked and with every default filled in. */
export interface LoopConfig {
  readonly interval: number
  readonly scheduler: Scheduler | undefined
  readonly ballooning: Ballooning | undefined
  readonly ksm: KsmPolicy | undefined
  readonly dryRun: boolean
  /** Whether guests are given a statistics period. */
  readonly statsPeriod: boolean
  readonly ticks: number
  readonly signal: AbortSignal | undefined
  /** Whether domains of this name may be changed. */
  readonly manages: (name: string) => boolean
  readonly respectPins: boolean
  readonly hostCpus: CpuSet
  /** What `domainRules` says of the domain with this name. */
  readonly rulesOf: RulesOf
  readonly hostMemoryReserve: number
  readonly countZfsArc: boolean
  readonly guestFloor: number
  readonly guestMargin: number
  readonly journal: Journal
}

/** What timers can wait for. */
const longestInterval = 2 ** 31 - 1

const validators: Record<keyof AutopilotOptions, [expected: string, accepts: (value: unknown) => boolean]> = {
  interval: [
    `a number of milliseconds from 1 to ${longestInterval}`,
    (value) => isNumber(value) && value >= 1 && value <= longestInterval,
  ],
  scheduler: ['a policy: a function from View to Plan, or { initialState, decide }', isPolicy],
  ballooning: ['a policy: a function from View to Plan, or { initialState, decide }', isPolicy],
  ksm: ['a policy: a function from View to Plan, or { initialState, decide }', isPolicy],
  dryRun: ['true or false', (value) => typeof value === 'boolean'],
  statsPeriod: ['true or false', (value) => typeof value === 'boolean'],
  ticks: ['a whole number of ticks, 1 or more', (value) => Number.isSafeInteger(value) && Number(value) >= 1],
  signal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  match: [
    'a glob over domain names, for instance web*',
    (value) => typeof value === 'string' && value !== '',
  ],
  respectPins: ['true or false', (value) => typeof value === 'boolean'],
  // What is wrong with these two depends on the host: checked where they are read.
  hostCpus: ['a CpuSet, or a list of pCPUs such as 0-1', () => true],
  domainRules: ['an object with settings by glob over domain names', () => true],
  hostMemoryReserve: ['a number of bytes, 0 or more, below the memory of the host', isBytes],
  countZfsArc: ['true or false', (value) => typeof value === 'boolean'],
  guestFloor: ['a number of bytes, 0 or more', isBytes],
  guestMargin: ['a number of bytes, 0 or more', isBytes],
  journal: ['a journal: memoryJournal(), fileJournal(path) or one of your own', isJournal],
}

/**
 * Checks `options` and fills in the defaults, for a host of this shape. Throws a `TypeError` that
 * names the first option that is wrong, or that is none.
 */
export function readOptions(
  options: AutopilotOptions,
  host: Pick<Topology, 'memory' | 'online' | 'cpuCount'>,
): LoopConfig {
  if (typeof options !== 'object' || options === null) throw wrongOption('options', 'an object', options)
  const known = Object.keys(validators).join(', ')
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(validators, name)) throw wrongOption(name, `an option of autopilot (${known})`, value)
  }
  for (const [name, [expected, accepts]] of Object.entries(validators)) {
    const value: unknown = Reflect.get(options, name)
    if (value === undefined && name !== 'interval') continue
    if (!accepts(value)) throw wrongOption(name, expected, value)
  }
  const hostMemoryReserve = options.hostMemoryReserve ?? defaults.hostMemoryReserve(host.memory)
  if (options.hostMemoryReserve !== undefined && hostMemoryReserve >= host.memory) {
    throw wrongOption(
      'hostMemoryReserve',
      `below the memory of the host, ${formatBytes(host.memory)}`,
      hostMemoryReserve,
    )
  }
  const reserved = readReserved(options.hostCpus ?? CpuSet.empty, host)
  // What is offline now may come.
  const usable = CpuSet.range(0, host.cpuCount - 1).minus(reserved)
  return {
    interval: options.interval,
    scheduler: options.scheduler,
    ballooning: options.ballooning,
    ksm: options.ksm,
    dryRun: options.dryRun ?? false,
    statsPeriod: !options.dryRun || (options.statsPeriod ?? false),
    ticks: options.ticks ?? Number.POSITIVE_INFINITY,
    signal: options.signal,
    manages: globMatcher(options.match ?? '*'),
    respectPins: options.respectPins ?? false,
    hostCpus: reserved,
    rulesOf: readDomainRules(options.domainRules ?? {}, usable),
    hostMemoryReserve,
    countZfsArc: options.countZfsArc ?? false,
    guestFloor: options.guestFloor ?? defaults.guestFloor,
    guestMargin: options.guestMargin ?? defaults.guestMargin,
    journal: options.journal ?? memoryJournal(),
  }
}

function readReserved(
  option: CpuSet | string,
  { online, cpuCount }: Pick<Topology, 'online' | 'cpuCount'>,
): CpuSet {
  const reserved = readCpus('hostCpus', option)
  const all = CpuSet.range(0, cpuCount - 1)
  if (!reserved.isSubsetOf(all)) throw wrongOption('hostCpus', `among the pCPUs ${all}`, option)
  if (online.isSubsetOf(reserved)) throw wrongOption('hostCpus', `fewer than all pCPUs (${online})`, option)
  return reserved
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isBytes(value: unknown): boolean {
  return isNumber(value) && Number.isFinite(value) && value >= 0
}

function isJournal(value: unknown): value is Journal {
  return typeof value === 'object' && value !== null && has(value, 'record') && has(value, 'entries')
}

function has(object: object, method: string): boolean {
  return typeof Reflect.get(object, method) === 'function'
}
