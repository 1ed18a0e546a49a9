import { CpuSet } from '../../host/cpuset.ts'
import { BallastError, wrongOption } from '../../host/errors.ts'
import { formatBytes } from '../../util/format.ts'
import { globMatcher } from '../../util/glob.ts'
import { MiB } from '../../util/units.ts'
import { type DomainSettings, defaultSettings } from '../../view/domain-settings.ts'

/** What the user of Ballast says of some domains; everything may be left unsaid. */
export interface DomainRules extends MemoryRules {
  /** False: they are counted and skipped. */
  readonly managed?: boolean | undefined
  /** pCPUs that their vCPUs may be pinned to, as a set or a list such as `0-3,8`. Default: all that may be used. */
  readonly cpus?: CpuSet | string | undefined
  /** Share of a pCPU that is short, as against others': libvirt's `cpu_shares`, 1 to 262,144. Default 1024. */
  readonly shares?: number | undefined
}

const ruleNames = ['managed', 'cpus', 'shares', 'memoryFloor', 'memoryCeiling', 'memoryShares']

/** By glob over domain names (`*` and `?`). Of several that match a name, a later one overrides an earlier one. */
export type DomainRulesByName = Readonly<Record<string, DomainRules>>

/** {@link DomainRules} with every set read. */
export interface ParsedRules extends MemoryRules {
  readonly managed?: boolean | undefined
  readonly cpus?: CpuSet | undefined
  readonly shares?: number | undefined
}

/** What the rules say of the domain with this name, all of them together. */
export type RulesOf = (name: string) => ParsedRules

/** The largest `cpu_shares` of libvirt's and the kernel's. */
export const mostShares = 262_144

export const sharesExpected = `a whole number from 1 to ${mostShares}`

export function isShares(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= mostShares
}

/**
 * Checks the option `domainRules` for a host where vCPUs may be placed on `usable`. Throws a `TypeError` for what is
 * wrong in itself, or contradicts the rest: pCPUs that may not be used, or settings of what is not managed.
 */
export function readDomainRules(option: DomainRulesByName, usable: CpuSet): RulesOf {
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    throw wrongOption('domainRules', 'an object with settings by glob over domain names', option)
  }
  const rules = Object.entries(option).map(([glob, given]) => {
    if (glob === '') throw wrongOption('domainRules', 'globs over domain names as keys', glob)
    return { matches: globMatcher(glob), given: readRules(`domainRules["${glob}"]`, given, usable) }
  })
  return (name) => {
    const matching = rules.filter(({ matches }) => matches(name))
    return Object.assign({}, ...matching.map(({ given }) => given))
  }
}

function readRules(option: string, rules: DomainRules, usable: CpuSet): ParsedRules {
  if (typeof rules !== 'object' || rules === null) throw wrongOption(option, 'an object', rules)
  for (const [name, value] of Object.entries(rules)) {
    if (!ruleNames.includes(name))
      throw wrongOption(`${option}.${name}`, `one of ${ruleNames.join(', ')}`, value)
  }
  const { managed, cpus, shares } = rules
  if (managed !== undefined && typeof managed !== 'boolean') {
    throw wrongOption(`${option}.managed`, 'true or false', managed)
  }
  if (shares !== undefined && !isShares(shares)) throw wrongOption(`${option}.shares`, sharesExpected, shares)
  const other = Object.entries(rules).find(([name, value]) => name !== 'managed' && value !== undefined)
  if (managed === false && other) {
    throw wrongOption(`${option}.${other[0]}`, 'left out of what is not managed', other[1])
  }
  const set = cpus === undefined ? undefined : readCpus(`${option}.cpus`, cpus)
  if (set?.and(usable).isEmpty) {
    throw wrongOption(`${option}.cpus`, `among the pCPUs that may be used, ${usable}`, cpus)
  }
  const read: { -readonly [K in keyof ParsedRules]: ParsedRules[K] } = { ...readMemoryRules(option, rules) }
  if (managed !== undefined) read.managed = managed
  if (set !== undefined) read.cpus = set
  if (shares !== undefined) read.shares = shares
  return read
}

/** pCPUs given as a set or a list. Throws a `TypeError` that names `option` for what is neither. */
export function readCpus(option: string, cpus: CpuSet | string): CpuSet {
  if (cpus instanceof CpuSet) return cpus
  const expected = 'a CpuSet, or a list of pCPUs such as 0-3,8'
  if (typeof cpus !== 'string') throw wrongOption(option, expected, cpus)
  try {
    return CpuSet.parse(cpus)
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    throw wrongOption(option, expected, cpus)
  }
}

/** What can be said of a domain's memory; everything may be left unsaid. */
export interface MemoryRules {
  /** Bytes: its balloon is not made smaller than this. Default: what holds for all, `guestFloor`. */
  readonly memoryFloor?: number | undefined
  /** Bytes: its balloon is not made larger than this. Default: its maximum. */
  readonly memoryCeiling?: number | undefined
  /** Share of memory that is short, or left over, as against others', 1 to 1,000,000. Default 1000. */
  readonly memoryShares?: number | undefined
}

export const mostMemoryShares = 1_000_000

export const memorySharesExpected = `a whole number from 1 to ${mostMemoryShares}`

export function isMemoryShares(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= mostMemoryShares
}

/** The memory part of one entry of the option `domainRules`. Throws a `TypeError` for what is wrong in itself. */
export function readMemoryRules(option: string, rules: MemoryRules): MemoryRules {
  const { memoryFloor, memoryCeiling, memoryShares } = rules
  for (const [name, bytes] of Object.entries({ memoryFloor, memoryCeiling })) {
    if (bytes !== undefined && !(typeof bytes === 'number' && bytes > 0 && Number.isFinite(bytes))) {
      throw wrongOption(`${option}.${name}`, 'a number of bytes above 0', bytes)
    }
  }
  if (memoryShares !== undefined && !isMemoryShares(memoryShares)) {
    throw wrongOption(`${option}.memoryShares`, memorySharesExpected, memoryShares)
  }
  const read = { memoryFloor, memoryCeiling, memoryShares }
  if (contradiction(read)) {
    throw wrongOption(
      `${option}.memoryFloor`,
      `at most its memoryCeiling, ${memoryCeiling} bytes`,
      memoryFloor,
    )
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))
}

/** A size as the metadata of a domain has it: whole MiB above 0, in bytes. Throws what is wrong with the text. */
export function readMiB(text: string): number {
  const bytes = /^\d{1,9}$/.test(text) ? Number(text) * MiB : 0
  if (bytes === 0) throw new Error(`expected whole MiB above 0, got ${JSON.stringify(text)}`)
  return bytes
}

/** What the option and the metadata say, together: limits add up, and of shares the option has the last word. */
export function memorySettings(
  option: MemoryRules,
  metadata: MemoryRules,
): Pick<DomainSettings, 'memoryFloor' | 'memoryCeiling' | 'memoryShares'> {
  return {
    memoryFloor: largest(option.memoryFloor, metadata.memoryFloor),
    memoryCeiling: smallest(option.memoryCeiling, metadata.memoryCeiling),
    memoryShares: option.memoryShares ?? metadata.memoryShares ?? defaultSettings.memoryShares,
  }
}

/** What cannot be so at once, for people; undefined: all can. */
export function contradiction({ memoryFloor, memoryCeiling }: MemoryRules): string | undefined {
  if (memoryFloor === undefined || memoryCeiling === undefined || memoryFloor <= memoryCeiling)
    return undefined
  return `the memory floor, ${formatBytes(memoryFloor)}, is above the memory ceiling, ${formatBytes(memoryCeiling)}`
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}
