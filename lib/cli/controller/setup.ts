import type { AutopilotOptions } from '../../control/autopilot.ts'
import { readDomainRules } from '../../control/domain/rules.ts'
import type { Resource } from '../../control/host-lock/owner.ts'
import { CpuSet } from '../../host/cpuset.ts'
import { isWrongOption } from '../../host/errors.ts'
import type { Topology } from '../../host/topology.ts'
import { formatBytes } from '../../util/format.ts'
import { ConfigError, UsageError } from '../exit-codes.ts'
import type { LogOptions } from '../log-options.ts'
import type { ControlOptions, CpuOptions } from '../options.ts'

/** All that a controller is to do, from the command line and from a configuration file. */
export interface Setup {
  readonly options: ControlOptions & CpuOptions & LogOptions
  readonly pilot: Pick<
    AutopilotOptions,
    'interval' | 'scheduler' | 'ballooning' | 'hostMemoryReserve' | 'domainRules'
  >
  /** What another who asks hears of it. */
  readonly lockInfo: { readonly command: string; readonly policies: readonly string[] }
  /** Path of the configuration file. */
  readonly config?: string | undefined
  /** How messages call an option, which is given here by its long name. Default: `--NAME`. */
  readonly nameOf?: (option: string) => string
}

/** What of the host a controller has to have for itself. */
export function resourcesOf({ pilot }: Setup): Resource[] {
  return [
    ...(pilot.scheduler ? (['vcpus'] as const) : []),
    ...(pilot.ballooning ? (['memory'] as const) : []),
  ]
}

/** Throws {@link ConfigError} when `next` cannot take the place of `present` while it runs: what is held, and where things are written, stays. */
export function assertReplaces(next: Setup, present: Setup): void {
  const { nameOf = (option: string) => option } = next
  const changed = [
    ...(next.options.connect === present.options.connect ? [] : ['connect']),
    ...(next.options.journal === present.options.journal ? [] : ['journal']),
    ...(!next.options.dryRun === !present.options.dryRun ? [] : ['dry-run']),
    ...((next.options.restore ?? true) === (present.options.restore ?? true) ? [] : ['restore']),
    ...(!next.pilot.scheduler === !present.pilot.scheduler ? [] : ['scheduler']),
    ...(!next.pilot.ballooning === !present.pilot.ballooning ? [] : ['ballooning']),
  ]
  if (changed.length === 0) return
  throw new ConfigError(
    next.config ?? 'the configuration',
    changed.map((option) => {
      const isPolicy = option === 'scheduler' || option === 'ballooning'
      const what = isPolicy ? 'cannot begin or end to be none' : 'cannot change'
      return `${nameOf(option)} ${what} while ballast runs: restart it`
    }),
  )
}

/** Throws {@link UsageError} with what does not fit this host; all of it, where a configuration file says it. */
export function assertFits(setup: Setup, { memory, online }: Topology): void {
  const { pilot, options, config, nameOf = (option: string) => `--${option}` } = setup
  const problems: string[] = []
  if (pilot.hostMemoryReserve !== undefined && pilot.hostMemoryReserve >= memory) {
    problems.push(`${nameOf('reserve')} must be below the memory of the host, ${formatBytes(memory)}`)
  }
  const { hostCpus = CpuSet.empty } = options
  if (!hostCpus.isSubsetOf(online) || online.isSubsetOf(hostCpus)) {
    const expected = `some of the pCPUs of the host, ${online}, and not all`
    problems.push(`${nameOf('host-cpus')} must be ${expected}`)
  }
  for (const [glob, rules] of Object.entries(pilot.domainRules ?? {})) {
    try {
      readDomainRules({ [glob]: rules }, online.minus(hostCpus))
    } catch (error) {
      if (!isWrongOption(error)) throw error
      const option = error.option.replace(`domainRules["${glob}"]`, () => `domain-rules.${glob}`)
      problems.push(`${nameOf(option)} must be ${error.expected}`)
    }
  }
  if (problems.length === 0) return
  throw config === undefined ? new UsageError(problems[0]) : new ConfigError(config, problems)
}
