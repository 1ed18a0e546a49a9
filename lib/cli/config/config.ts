import { readFile, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type DomainRules, type DomainRulesByName, readDomainRules } from '../../control/domain/rules.ts'
import { CpuSet } from '../../host/cpuset.ts'
import type { Ballooning, Scheduler } from '../../policy/plan.ts'
import { ConfigError, UsageError } from '../exit-codes.ts'
import { type LogOptions, logFormats, logLevels } from '../log-options.ts'
import type { ControlOptions, CpuOptions, MemoryOptions } from '../options.ts'
import { balloonPolicies, cpuPolicies, defaultPolicies } from '../policies.ts'
import { parseCpus, parseSeconds, parseSize, parseText } from '../values.ts'
import { balloonKinds, domainKinds, type Kinds, schedulerKinds } from './kinds.ts'
import { ConfigReader, type Entry } from './yaml-reader.ts'

/** A policy that was chosen, ready to be used. */
export interface Chosen<Policy> {
  readonly name: string
  readonly policy: Policy
}

/** What `ballast run` is to do. */
export interface RunOptions
  extends Omit<ControlOptions, 'ticks' | 'json'>,
    CpuOptions,
    MemoryOptions,
    LogOptions {
  /** Milliseconds. */
  readonly interval?: number
}

/** What a configuration file says. */
export interface Config {
  readonly path: string
  /** As the command line would have given them; what the file does not say is left out. */
  readonly options: RunOptions
  /** Undefined: vCPUs stay where they are. */
  readonly scheduler: Chosen<Scheduler> | undefined
  /** Undefined: balloons stay as they are. */
  readonly ballooning: Chosen<Ballooning> | undefined
  readonly domainRules: DomainRulesByName
  /** `FILE:LINE:COLUMN: NAME` of an option; just its name where the file does not have it. */
  nameOf(option: string): string
}

/** The options of a configuration file: those of `ballast run`, under the same names. */
const names = [
  'connect',
  'interval',
  'domains',
  'scheduler',
  'ballooning',
  'domain-rules',
  'reserve',
  'host-cpus',
  'respect-pins',
  'journal',
  'dry-run',
  'restore',
  'log',
  'log-level',
] as const
type Name = (typeof names)[number]

/** Bytes. What is longer is no configuration: a disk, or a log. */
const longest = 2 ** 20

/** Reads the file at `path`. Rejects with {@link ConfigError} that tells all that is wrong in it. */
export async function readConfig(path: string): Promise<Config> {
  return parseConfig(path, await read(path))
}

async function read(path: string): Promise<string> {
  const unreadable = (why: string) => new ConfigError(path, [`${path}:1:1: the file cannot be read: ${why}`])
  try {
    const stats = await stat(path)
    // What is no file may never end, or never begin.
    if (!stats.isFile()) throw unreadable('it is no file')
    if (stats.size > longest) throw unreadable(`it has ${stats.size} bytes, more than ${longest}`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw unreadable(error instanceof Error ? error.message : String(error))
  }
}

/** Reads the text of a configuration; `path` is what messages call it. Throws {@link ConfigError}. */
export function parseConfig(path: string, text: string): Config {
  const reader = new ConfigReader(path, text)
  const entries = reader.top(names)
  const entry = (name: Name) => entries.get(name)
  const options = withoutUnsaid({
    connect: reader.string(entry('connect'), parseText('connect')),
    interval: reader.parsed(entry('interval'), parseSeconds),
    domains: reader.string(entry('domains'), parseText('domains')),
    reserve: reader.parsed(entry('reserve'), parseSize('reserve')),
    hostCpus: reader.parsed(entry('host-cpus'), parseCpus('host-cpus')),
    respectPins: reader.flag(entry('respect-pins')),
    journal: reader.string(entry('journal'), absolute),
    dryRun: reader.flag(entry('dry-run')),
    restore: reader.flag(entry('restore')),
    log: reader.choice(entry('log'), logFormats),
    logLevel: reader.choice(entry('log-level'), logLevels),
  }) satisfies RunOptions
  const scheduler = policyOf(reader, entry('scheduler'), defaultPolicies.cpus, cpuPolicies, schedulerKinds)
  const ballooning = policyOf(
    reader,
    entry('ballooning'),
    defaultPolicies.balloons,
    balloonPolicies,
    balloonKinds,
  )
  const settings = entry('domain-rules')
  const places = new Map<string, Entry>(entries)
  const domainRules = settings ? rulesOf(reader, settings, places, options.hostCpus) : {}
  if (scheduler === 'none' && ballooning === 'none') {
    reader.problem(entry('ballooning')!, 'ballooning must not be none too: there would be nothing to do')
  }
  const useless = [
    ...(scheduler === 'none' ? (['host-cpus', 'respect-pins'] as const) : []),
    ...(ballooning === 'none' ? (['reserve'] as const) : []),
  ]
  for (const name of useless) {
    const other = name === 'reserve' ? 'ballooning' : 'scheduler'
    const there = entry(name)
    if (there) reader.problem(there, `${name} must not be there while ${other} is none: it would do nothing`)
  }
  reader.finish()
  return {
    path,
    options,
    scheduler: scheduler === 'none' ? undefined : scheduler,
    ballooning: ballooning === 'none' ? undefined : ballooning,
    domainRules,
    nameOf(option) {
      const there = places.get(option)
      return there ? `${reader.place(there)}${option}` : option
    },
  }
}

type WithoutUnsaid<T> = { [K in keyof T]?: NonNullable<T[K]> }

function withoutUnsaid<T extends object>(options: T): WithoutUnsaid<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as WithoutUnsaid<T>
}

function absolute(text: string): string {
  if (!isAbsolute(text)) {
    throw new UsageError(`journal must be a path that begins with /; got ${JSON.stringify(text)}`)
  }
  return text
}

/** `NAME`, `none`, or `{ policy: NAME, … }` with options of that policy. Undefined: something is wrong. */
function policyOf<Policy>(
  reader: ConfigReader,
  entry: Entry | undefined,
  usualName: string,
  policies: Readonly<Record<string, (options?: object) => Policy>>,
  kinds: Readonly<Record<string, Kinds>>,
): Chosen<Policy> | 'none' | undefined {
  if (!entry) return { name: usualName, policy: policies[usualName]!() }
  const known = Object.keys(policies)
  if (!reader.isGroup(entry)) {
    const name = reader.choice(entry, ['none', ...known])
    return name === undefined || name === 'none' ? name : { name, policy: policies[name]!() }
  }
  const named = reader.within(entry, 'policy')
  const name = named ? reader.choice(named, known) : usualName
  if (name === undefined) return undefined
  const options = reader.options(entry, kinds[name]!, ['policy'])
  const policy = reader.made(entry, options, policies[name]!)
  return policy === undefined ? undefined : { name, policy }
}

/** All pCPUs that any host could have: which there are is known when one is connected to. */
const anyCpus = CpuSet.range(0, 0xffff)

function rulesOf(
  reader: ConfigReader,
  entry: Entry,
  places: Map<string, Entry>,
  reserved: CpuSet = CpuSet.empty,
): DomainRulesByName {
  const settings: [glob: string, rules: DomainRules][] = []
  for (const [glob, rules] of reader.entries(entry) ?? []) {
    const options = reader.options(rules, domainKinds)
    for (const place of options.places.values()) places.set(place.name, place)
    const read = (values: DomainRules) => {
      readDomainRules({ [glob]: values }, anyCpus.minus(reserved))
      return values
    }
    const made = reader.made(rules, options, read, `domainRules["${glob}"].`)
    if (made) settings.push([glob, made])
  }
  return Object.fromEntries(settings)
}
