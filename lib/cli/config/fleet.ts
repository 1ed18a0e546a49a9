import type { NatsTls } from '../../fleet/nats/nats-options.ts'
import { fleetPolicies, type RegisteredFleetPolicy } from '../../fleet/policies.ts'
import type { FleetRules, GroupRule } from '../../fleet/view/fleet-rules.ts'
import { readHours } from '../../fleet/view/hours.ts'
import { isWrongOption, wrongOption } from '../../host/errors.ts'
import { count } from '../../policy/option-kinds.ts'
import { MiB } from '../../util/units.ts'
import { UsageError } from '../exit-codes.ts'
import { absolutePath } from '../options.ts'
import { parseFleetInterval, parseSize, parseText } from '../values.ts'
import { defaultFleetInterval, type FleetConfig } from './fleet-config.ts'
import type { ConfigReader, Entry } from './yaml-reader.ts'

/** Bytes per second of a migration when none are given: most of a link of 1 Gbit/s. */
const defaultBandwidth = 100 * MiB

export const fleetKeys = [
  'name',
  'servers',
  'credentials',
  'tls',
  'migration-uri',
  'data-uri',
  'bandwidth',
  'interval',
  'lead',
  'dry-run',
  'policy',
  'rules',
] as const

export const tlsKeys = ['ca', 'cert', 'key'] as const
export const ruleKeys = ['together', 'apart', 'pinned', 'never', 'hours', 'parallel', 'survive-host'] as const
export const parallelKinds = { out: count, in: count, all: count } as const

export const namePattern = /^[A-Za-z0-9_]{1,40}$/
/** The port is one from 1 to 65535. */
export const serverPattern =
  /^((nats|tls):\/\/)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?$/
export const uriPattern = /^[A-Za-z][A-Za-z0-9+.-]*:./

/** Reads `fleet:`. Undefined: it is not there, or something in it is wrong. */
export function fleetIn(reader: ConfigReader, entry: Entry | undefined): FleetConfig | undefined {
  const entries = entry && reader.entries(entry, fleetKeys)
  if (!entry || !entries) return undefined
  const at = (key: (typeof fleetKeys)[number]) => entries.get(key)
  const servers = at('servers')
  if (!servers) reader.problem(entry, 'fleet.servers must be there: the addresses of NATS')
  const addresses = servers ? reader.items(servers).flatMap((one) => serverIn(reader, one) ?? []) : []
  const name = reader.parsed(at('name'), nameOf)
  const credentials = reader.parsed(at('credentials'), absolutePath('fleet.credentials'))
  const tls = tlsIn(reader, at('tls'))
  const uri = reader.parsed(at('migration-uri'), uriOf('fleet.migration-uri', 'qemu+tls://host1/system'))
  const dataUri = reader.parsed(at('data-uri'), uriOf('fleet.data-uri', 'tcp://10.0.0.2'))
  const bandwidth = reader.parsed(at('bandwidth'), bandwidthOf)
  for (const key of ['data-uri', 'bandwidth'] as const) {
    const useless = at(key)
    if (useless && !at('migration-uri')) {
      reader.problem(useless, `fleet.${key} would do nothing: there is no fleet.migration-uri`)
    }
  }
  const policy = policyIn(reader, at('policy'))
  const rules = rulesIn(reader, at('rules'))
  const interval = reader.parsed(at('interval'), parseFleetInterval('fleet.interval')) ?? defaultFleetInterval
  const leads = reader.flag(at('lead')) ?? true
  const dryRun = reader.flag(at('dry-run')) ?? false
  if (policy === undefined) return undefined
  return {
    nats: { servers: addresses, fleet: name, credentials, tls },
    reach: uri === undefined ? undefined : { uri, dataUri, bandwidth: bandwidth ?? defaultBandwidth },
    interval,
    leads,
    dryRun,
    policy,
    rules,
  }
}

function serverIn(reader: ConfigReader, entry: Entry): string | undefined {
  return reader.parsed(entry, (text) => {
    if (serverPattern.test(text)) return text
    throw new UsageError(
      `fleet.servers must be [nats://|tls://]HOST[:PORT], one or a list; got ${JSON.stringify(text)}`,
    )
  })
}

function nameOf(text: string): string {
  if (namePattern.test(text)) return text
  throw new UsageError(`fleet.name must be at most 40 letters, digits and _; got ${JSON.stringify(text)}`)
}

function uriOf(name: string, example: string): (text: string) => string {
  return (text) => {
    if (uriPattern.test(text)) return text
    throw new UsageError(`${name} must be a URI such as ${example}; got ${JSON.stringify(text)}`)
  }
}

function bandwidthOf(text: string): number {
  const bandwidth = parseSize('fleet.bandwidth')(text)
  if (bandwidth > 0) return bandwidth
  throw new UsageError(`fleet.bandwidth must be above 0; got ${JSON.stringify(text)}`)
}

function tlsIn(reader: ConfigReader, entry: Entry | undefined): NatsTls | undefined {
  const entries = entry && reader.entries(entry, tlsKeys)
  if (!entry || !entries) return undefined
  if (entries.has('cert') !== entries.has('key')) {
    reader.problem(entry, 'fleet.tls must have both cert and key, or neither')
  }
  const path = (key: (typeof tlsKeys)[number]) =>
    reader.parsed(entries.get(key), absolutePath(`fleet.tls.${key}`))
  return { ca: path('ca'), cert: path('cert'), key: path('key') }
}

/** `NAME`, or `{ policy: NAME, … }` with options of that policy. */
function policyIn(reader: ConfigReader, entry: Entry | undefined): FleetConfig['policy'] | undefined {
  const known = Object.keys(fleetPolicies) as (keyof typeof fleetPolicies)[]
  const usual = fleetPolicies[known[0]!]
  if (!entry) return { name: usual.name, options: {}, policy: usual.create() }
  if (!reader.isGroup(entry)) {
    const name = reader.choice(entry, known)
    return name === undefined ? undefined : { name, options: {}, policy: fleetPolicies[name].create() }
  }
  const named = reader.within(entry, 'policy')
  const chosen = named ? reader.choice(named, known) : known[0]!
  return chosen === undefined ? undefined : made(reader, entry, fleetPolicies[chosen])
}

function made(
  reader: ConfigReader,
  entry: Entry,
  { name, options, create }: RegisteredFleetPolicy,
): FleetConfig['policy'] | undefined {
  const given = reader.options(entry, options, ['policy'])
  const policy = reader.made(entry, given, create)
  return policy && { name, options: given.values, policy }
}

function rulesIn(reader: ConfigReader, entry: Entry | undefined): FleetRules {
  const entries = entry && reader.entries(entry, ruleKeys)
  if (!entries) return {}
  const list = (key: (typeof ruleKeys)[number]) => {
    const found = entries.get(key)
    return found && reader.items(found)
  }
  const texts = (items: readonly Entry[]) =>
    items.flatMap((item) => reader.parsed(item, guestsOf(item.name)) ?? [])
  const rules: FleetRules = {
    together: list('together')?.flatMap((item) => groupIn(reader, item) ?? []),
    apart: list('apart')?.flatMap((item) => groupIn(reader, item) ?? []),
    pinned: list('pinned')?.flatMap((item) => pinnedIn(reader, item) ?? []),
    never: list('never') && texts(list('never')!),
    hours: list('hours')?.flatMap((item) => hoursIn(reader, item) ?? []),
    parallel: parallelIn(reader, entries.get('parallel')),
    surviveHost: reader.flag(entries.get('survive-host')),
  }
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined))
}

/** `GUESTS`, or `{ guests: GUESTS, hard: false }`. */
function groupIn(reader: ConfigReader, entry: Entry): GroupRule | undefined {
  if (!reader.isGroup(entry)) {
    const guests = reader.parsed(entry, guestsOf(entry.name))
    return guests === undefined ? undefined : { guests }
  }
  const entries = reader.entries(entry, ['guests', 'hard'])
  const guests = guestsIn(reader, entry, entries?.get('guests'))
  const hard = reader.flag(entries?.get('hard'))
  return guests === undefined ? undefined : { guests, ...(hard === undefined ? {} : { hard }) }
}

function pinnedIn(
  reader: ConfigReader,
  entry: Entry,
): { readonly guests: string; readonly hosts: readonly string[] } | undefined {
  const entries = reader.entries(entry, ['guests', 'hosts'])
  if (!entries) return undefined
  const guests = guestsIn(reader, entry, entries.get('guests'))
  const listed = entries.get('hosts')
  if (!listed) return reader.problem(entry, `${entry.name} must name its hosts`)
  const hosts = reader
    .items(listed)
    .flatMap((item) => reader.parsed(item, parseText(`${entry.name}.hosts`)) ?? [])
  return guests === undefined ? undefined : { guests, hosts }
}

function guestsIn(reader: ConfigReader, group: Entry, entry: Entry | undefined): string | undefined {
  if (!entry) return reader.problem(group, `${group.name} must name its guests`)
  return reader.parsed(entry, guestsOf(entry.name))
}

/** A glob over names, or `label:NAME`. */
function guestsOf(name: string): (text: string) => string {
  return (text) => {
    if (text !== 'label:') return parseText(name)(text)
    throw new UsageError(`${name} must name a label after label:, such as label:cache; got "label:"`)
  }
}

function hoursIn(reader: ConfigReader, entry: Entry): string | undefined {
  return reader.parsed(entry, (text) => {
    try {
      readHours(text)
      return text
    } catch (error) {
      if (!isWrongOption(error)) throw error
      throw new UsageError(`fleet.rules.hours must be ${error.expected}; got ${JSON.stringify(text)}`)
    }
  })
}

function parallelIn(reader: ConfigReader, entry: Entry | undefined): FleetRules['parallel'] {
  if (!entry) return undefined
  return reader.made(entry, reader.options(entry, parallelKinds), (values) => {
    for (const [name, value] of Object.entries(values)) {
      if (!Number.isInteger(value) || Number(value) < 1)
        throw wrongOption(name, 'a whole number from 1', value)
    }
    return values
  })
}
