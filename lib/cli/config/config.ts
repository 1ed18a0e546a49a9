import { readFile, stat } from 'node:fs/promises'
import {
  type DomainRules,
  type DomainRulesByName,
  mostMemoryShares,
  mostShares,
  readDomainRules,
} from '../../control/domain/rules.ts'
import { CpuSet } from '../../host/cpuset.ts'
import {
  type PolicyKind,
  type PolicyOf,
  type PolicyTable,
  policies,
  type RegisteredPolicy,
} from '../../policies.ts'
import { type KindsOf, NumberKind } from '../../policy/option-kinds.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import { ConfigError, UsageError } from '../exit-codes.ts'
import { type Receiver, readReceiver } from '../notify/receiver.ts'
import { type RunOption, type RunOptions, runOptionNames, runOptions, uselessOptions } from '../options.ts'
import { parseSeconds } from '../values.ts'
import { fleetIn } from './fleet.ts'
import type { FleetConfig } from './fleet-config.ts'
import { ConfigReader, type Entry } from './yaml-reader.ts'

/** A policy that was chosen, ready to be used. */
export interface Chosen<Policy> {
  readonly name: string
  /** By their names in the API; what is left to the policy is left out. */
  readonly options: object
  readonly policy: Policy
}

/** What a configuration file says of policies; a kind that it does not mention is left out. */
export type PolicyChoices = { readonly [Kind in PolicyKind]?: Chosen<PolicyOf<Kind>> | 'none' | undefined }

/** What a configuration file says. */
export interface Config {
  readonly path: string
  /** As the command line would have given them; what the file does not say is left out. */
  readonly options: RunOptions
  /** Milliseconds. */
  readonly interval: number | undefined
  readonly policies: PolicyChoices
  readonly domainRules: DomainRulesByName
  /** Who is told of what happens. */
  readonly notify: readonly Receiver[]
  /** The fleet that the host is a member of; undefined: none. */
  readonly fleet: FleetConfig | undefined
  /** `FILE:LINE:COLUMN: KEY` of an option; just its key where the file does not have it. */
  nameOf(key: string): string
}

/** What a configuration can say of one domain. */
export const domainKinds = {
  managed: 'flag',
  cpus: 'cpus',
  shares: new NumberKind({ minimum: 1, maximum: mostShares }, true),
  memoryFloor: 'bytes',
  memoryCeiling: 'bytes',
  memoryShares: new NumberKind({ minimum: 1, maximum: mostMemoryShares }, true),
} as const satisfies KindsOf<DomainRules>

const policyKinds = Object.keys(policies) as PolicyKind[]

/** The keys of a configuration file: those of `ballast run`, under the same names, and the rules for domains. */
export const keys: readonly string[] = [
  'interval',
  ...policyKinds,
  ...runOptionNames.map(kebabCase),
  'notify',
  'fleet',
  'domain-rules',
]

/** Bytes. What is longer is no configuration: a disk, or a log. */
const longest = 2 ** 20

/** Reads the file at `path`. Rejects with {@link ConfigError}, which lists every mistake in it. */
export async function readConfig(path: string): Promise<Config> {
  return parseConfig(path, await read(path))
}

async function read(path: string): Promise<string> {
  const unreadable = (why: string) => new ConfigError(path, [`${path}: the file cannot be read: ${why}`])
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
  const entries = reader.top(keys)
  const options: RunOptions = Object.fromEntries(
    runOptionNames.flatMap((name) => {
      const value = valueIn(reader, entries.get(kebabCase(name)), kebabCase(name), runOptions[name])
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const interval = reader.parsed(entries.get('interval'), parseSeconds)
  const chosen: PolicyChoices = {
    scheduler: policyOf(reader, entries.get('scheduler'), policies.scheduler),
    ballooning: policyOf(reader, entries.get('ballooning'), policies.ballooning),
    ksm: policyOf(reader, entries.get('ksm'), policies.ksm),
  }
  const rules = entries.get('domain-rules')
  const places = new Map<string, Entry>(entries)
  const domainRules = rules ? rulesOf(reader, rules, places, options.hostCpus) : {}
  const notify = receiversIn(reader, entries.get('notify'))
  const fleet = fleetIn(reader, entries.get('fleet'))
  if (chosen.scheduler === 'none' && chosen.ballooning === 'none' && (chosen.ksm ?? 'none') === 'none') {
    reader.problem(
      entries.get('ballooning')!,
      'ballooning must not be none too: there would be nothing to do',
    )
  }
  for (const { name, needs } of uselessOptions(options, (kind) => chosen[kind] === 'none')) {
    const key = kebabCase(name)
    reader.problem(entries.get(key)!, `${key} must not be there while ${needs} is none: it would do nothing`)
  }
  reader.finish()
  return {
    path,
    options,
    interval,
    policies: chosen,
    domainRules,
    notify,
    fleet,
    nameOf(key) {
      const entry = places.get(key)
      return entry ? `${reader.place(entry)}${key}` : key
    },
  }
}

function valueIn(reader: ConfigReader, entry: Entry | undefined, key: string, option: RunOption): unknown {
  if ('choices' in option) return reader.choice(entry, option.choices)
  if ('helpOff' in option) return reader.flag(entry)
  const parse = (option.parseInFile ?? option.parse)(key)
  if (!option.repeats || !entry) return reader.parsed(entry, parse)
  return reader.items(entry).map((item) => reader.parsed(item, parse))
}

/** `NAME`, `none`, or `{ policy: NAME, … }` with options of that policy. Undefined: not said, or something is wrong. */
function policyOf<Policy>(
  reader: ConfigReader,
  entry: Entry | undefined,
  table: PolicyTable<Policy>,
): Chosen<Policy> | 'none' | undefined {
  if (!entry) return undefined
  const known = Object.keys(table)
  if (!reader.isGroup(entry)) {
    const name = reader.choice(entry, ['none', ...known])
    return name === undefined || name === 'none' ? name : { name, options: {}, policy: table[name]!.create() }
  }
  const named = reader.within(entry, 'policy')
  // Options without a name are those of the default.
  const name = named ? reader.choice(named, known) : known[0]
  return name === undefined ? undefined : made(reader, entry, table[name]!)
}

function made<Policy>(
  reader: ConfigReader,
  entry: Entry,
  { name, options, create }: RegisteredPolicy<Policy>,
): Chosen<Policy> | undefined {
  const given = reader.options(entry, options, ['policy'])
  const policy = reader.made(entry, given, create)
  return policy === undefined ? undefined : { name, options: given.values, policy }
}

/** All pCPUs that any host could have: which there are is known when one is connected to. */
const anyCpus = CpuSet.range(0, 0xffff)

function rulesOf(
  reader: ConfigReader,
  entry: Entry,
  places: Map<string, Entry>,
  hostCpus: CpuSet = CpuSet.empty,
): DomainRulesByName {
  const made: [glob: string, rules: DomainRules][] = []
  for (const [glob, rules] of reader.entries(entry) ?? []) {
    const options = reader.options(rules, domainKinds)
    for (const place of options.places.values()) places.set(place.name, place)
    const read = (values: DomainRules) => {
      readDomainRules({ [glob]: values }, anyCpus.minus(hostCpus))
      return values
    }
    const values = reader.made(rules, options, read, `domainRules["${glob}"].`)
    if (values) made.push([glob, values])
  }
  return Object.fromEntries(made)
}

/** `{ program: PATH }` or `{ url: URL }`, or a list of these. */
function receiversIn(reader: ConfigReader, entry: Entry | undefined): readonly Receiver[] {
  if (!entry) return []
  return reader.items(entry).flatMap((item) => {
    const { values, places } = reader.options(item, { program: 'text', url: 'text' })
    // What is wrong with one of them has been said.
    if (!reader.isGroup(item) || places.size > Object.keys(values).length) return []
    try {
      return [readReceiver(item.name, values)]
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      reader.problem(item, error.message)
      return []
    }
  })
}
