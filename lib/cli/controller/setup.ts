import { isDeepStrictEqual } from 'node:util'
import type { AutopilotOptions } from '../../control/autopilot.ts'
import type { Resource } from '../../control/host-lock/owner.ts'
import { readOptions } from '../../control/options.ts'
import { isWrongOption } from '../../host/errors.ts'
import type { Topology } from '../../host/topology.ts'
import { defaultPolicies, type PolicyKind, type PolicyTable, policies } from '../../policies.ts'
import type { RecordedConfiguration } from '../../recording/configuration.ts'
import type { FeedSetup } from '../../report/feed/messages.ts'
import { known } from '../../report/known-fields.ts'
import type { MetricsConfig } from '../../report/metrics/tick-metrics.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import type { Chosen, Config } from '../config/config.ts'
import { type FleetConfig, plainFleet } from '../config/fleet-config.ts'
import { ConfigError, UsageError } from '../exit-codes.ts'
import { addressText, isSameAddress } from '../http/address.ts'
import { assertGuarded } from '../http/guarded.ts'
import type { Receiver } from '../notify/receiver.ts'
import {
  type ControlOptions,
  defaultInterval,
  type PolicyNames,
  pilotOptions,
  uselessOptions,
} from '../options.ts'
import { version } from '../version.ts'

/** What the command line says. */
export interface CommandLine {
  /** The command, for whoever asks who controls the host. */
  readonly command: string
  /** Milliseconds; undefined: not given. */
  readonly interval: number | undefined
  readonly options: ControlOptions & PolicyNames
}

/** Everything that a controller is to do: the command line, the configuration file and the defaults, merged. */
export interface Setup {
  readonly options: ControlOptions
  /** What the autopilot is given, but for what belongs to one run of it. */
  readonly pilot: Omit<AutopilotOptions, 'journal' | 'signal' | 'ticks'>
  /** The same as plain data, for a recording. */
  readonly configuration: RecordedConfiguration
  /** What another program that asks hears of it. */
  readonly lockInfo: { readonly command: string; readonly policies: readonly string[] }
  /** Who is told of what happens. */
  readonly notify: readonly Receiver[]
  /** The fleet that the host is a member of; undefined: none. */
  readonly fleet?: FleetConfig | undefined
  /** Path of the configuration file. */
  readonly config?: string | undefined
  /** How messages call an option, which is given here by its key in the file. */
  readonly nameOf: (key: string) => string
}

/** Merges what was said: the command line wins over the file, and both over the defaults. Throws {@link UsageError}. */
export function mergeSetup({ command, interval, options: given }: CommandLine, config?: Config): Setup {
  const options = { ...config?.options, ...given }
  const chosen = {
    scheduler: choose('scheduler', policies.scheduler, given, config?.policies.scheduler),
    ballooning: choose('ballooning', policies.ballooning, given, config?.policies.ballooning),
    ksm: choose('ksm', policies.ksm, given, config?.policies.ksm),
  }
  const names = Object.values(chosen).flatMap((policy) => policy?.name ?? [])
  if (names.length === 0) {
    throw new UsageError('scheduler, ballooning and ksm are all none: there would be nothing to do')
  }
  if (given.statsPeriod && !options.dryRun) {
    throw new UsageError(
      '--stats-period would do nothing: without --dry-run guests are given one in any case',
    )
  }
  if (given.serveToken !== undefined && options.serve === undefined) {
    throw new UsageError('--serve-token would do nothing: there is no --serve')
  }
  if (options.serve !== undefined) assertGuarded({ address: options.serve, tokenFile: options.serveToken })
  const nameOf = (key: string) => {
    const isGiven = Object.keys(given).some((name) => kebabCase(name) === key)
    return config && !isGiven ? config.nameOf(key) : `--${key}`
  }
  assertApart(options, nameOf)
  const [useless] = uselessOptions(given, (kind) => chosen[kind] === undefined)
  if (useless) {
    throw new UsageError(`--${kebabCase(useless.name)} would do nothing: ${useless.needs} is none`)
  }
  const loop = {
    ...pilotOptions(options),
    interval: interval ?? config?.interval ?? defaultInterval,
    domainRules: config?.domainRules,
  }
  return {
    options,
    pilot: {
      ...loop,
      scheduler: chosen.scheduler?.policy,
      ballooning: chosen.ballooning?.policy,
      ksm: chosen.ksm?.policy,
    },
    configuration: {
      loop,
      policies: {
        scheduler: named(chosen.scheduler),
        ballooning: named(chosen.ballooning),
        ksm: named(chosen.ksm),
      },
    },
    lockInfo: { command: config ? `${command} --config ${config.path}` : command, policies: names },
    notify: config?.notify ?? [],
    fleet: config?.fleet,
    config: config?.path,
    nameOf,
  }
}

/**
 * Throws a {@link UsageError} where one address is to be served at twice: the second server would take us for another
 * program.
 */
function assertApart({ metrics = [], serve }: ControlOptions, nameOf: Setup['nameOf']): void {
  const all = metrics.map((address) => ({ name: nameOf('metrics'), address }))
  if (serve) all.push({ name: nameOf('serve'), address: serve })
  for (const [at, { name, address }] of all.entries()) {
    const before = all.slice(0, at).find((one) => isSameAddress(one.address, address))
    if (!before) continue
    const both = before.name === name ? `${name} is given twice with` : `${before.name} and ${name} both name`
    throw new UsageError(`${both} ${addressText(address)}: give each an address of its own`)
  }
}

function named<Policy>(chosen: Chosen<Policy> | undefined) {
  return chosen && { name: chosen.name, options: chosen.options }
}

/** The policy of a kind; undefined: none. */
function choose<Policy>(
  kind: PolicyKind,
  table: PolicyTable<Policy>,
  given: PolicyNames,
  inFile: Chosen<Policy> | 'none' | undefined,
): Chosen<Policy> | undefined {
  if (given[kind] === undefined && inFile !== undefined) return inFile === 'none' ? undefined : inFile
  const name = given[kind] ?? defaultPolicies[kind]
  return name === 'none' ? undefined : { name, options: {}, policy: table[name]!.create() }
}

/** What of the host a controller has to have for itself: of a dry run only what statistics periods are part of. */
export function resourcesOf({ options, pilot }: Setup): Resource[] {
  if (options.dryRun) return options.statsPeriod ? ['memory'] : []
  return [
    ...(pilot.scheduler ? (['vcpus'] as const) : []),
    ...(pilot.ballooning || pilot.ksm ? (['memory'] as const) : []),
  ]
}

/**
 * Throws {@link ConfigError} when `next` cannot replace `present` while it runs: locks, the connection and the journal
 * stay.
 */
export function assertReplaces(next: Setup, present: Setup): void {
  const { options, pilot, nameOf } = next
  const kinds = Object.keys(policies) as PolicyKind[]
  const problems = [
    ...(['connect', 'journal', 'record', 'serveToken'] as const)
      .filter((name) => options[name] !== present.options[name])
      .map(kebabCase),
    ...(isDeepStrictEqual(options.metrics, present.options.metrics) ? [] : ['metrics']),
    ...(isDeepStrictEqual(options.serve, present.options.serve) ? [] : ['serve']),
    ...(isDeepStrictEqual(next.notify, present.notify) ? [] : ['notify']),
    ...(isDeepStrictEqual(plainFleet(next.fleet), plainFleet(present.fleet)) ? [] : ['fleet']),
    ...(!options.dryRun === !present.options.dryRun ? [] : ['dry-run']),
    ...(!options.statsPeriod === !present.options.statsPeriod ? [] : ['stats-period']),
    ...((options.restore ?? true) === (present.options.restore ?? true) ? [] : ['restore']),
  ].map((key) => `${nameOf(key)} cannot change while ballast runs: restart it`)
  for (const kind of kinds) {
    if (!pilot[kind] === !present.pilot[kind]) continue
    problems.push(`${nameOf(kind)} cannot become, or cease to be, none while ballast runs: restart it`)
  }
  if (problems.length > 0) throw new ConfigError(next.config ?? 'the configuration', problems)
}

/**
 * Throws {@link UsageError} with what does not fit this host, by the autopilot's own rules; with all of it, where a
 * configuration file says it.
 */
export function assertFits({ pilot, config, nameOf }: Setup, topology: Topology): void {
  const problems: string[] = []
  for (let rest = pilot; ; ) {
    try {
      readOptions(rest, topology)
      break
    } catch (error) {
      if (!isWrongOption(error)) throw error
      const { key, others } = splitOff(rest, error.option)
      if (others === rest) throw error
      problems.push(`${nameOf(key)} must be ${error.expected}`)
      rest = others
    }
  }
  if (problems.length === 0) return
  throw config === undefined ? new UsageError(problems[0]) : new ConfigError(config, problems)
}

/** The key of an option of the autopilot in the file, and the options without what it is in. */
function splitOff(pilot: Setup['pilot'], option: string): { key: string; others: Setup['pilot'] } {
  const rules = pilot.domainRules ?? {}
  for (const glob of Object.keys(rules)) {
    const within = `domainRules["${glob}"].`
    if (!option.startsWith(within)) continue
    const others = Object.fromEntries(Object.entries(rules).filter(([other]) => other !== glob))
    const name = kebabCase(option.slice(within.length))
    return { key: `domain-rules.${glob}.${name}`, others: { ...pilot, domainRules: others } }
  }
  const isKnown = Object.hasOwn(pilot, option)
  return { key: kebabCase(option), others: isKnown ? { ...pilot, [option]: undefined } : pilot }
}

/** What metrics say of a setup. */
export function metricsConfig({ pilot, configuration, options }: Setup): MetricsConfig {
  const { scheduler, ballooning, ksm } = configuration.policies
  return {
    version: version(),
    interval: pilot.interval,
    dryRun: options.dryRun ?? false,
    scheduler: scheduler?.name,
    ballooning: ballooning?.name,
    ksm: ksm?.name,
  }
}

/** What the page says of a setup. */
export function feedSetup({ pilot, configuration, options }: Setup): FeedSetup {
  const { scheduler, ballooning, ksm } = configuration.policies
  return known({
    scheduler: scheduler?.name,
    ballooning: ballooning?.name,
    ksm: ksm?.name,
    dryRun: options.dryRun ?? false,
    interval: pilot.interval,
  })
}
