import type { CpuSet } from '../../host/cpuset.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { type DomainSettings, defaultSettings, type UnmanagedReason } from '../../view/domain-settings.ts'
import { type MetadataSettings, readMetadata } from './metadata.ts'
import { memorySettings, type ParsedRules, type RulesOf } from './rules.ts'
import { RunCache } from './run-cache.ts'

/** What settings are made of, apart from metadata. */
export interface SettingsSources {
  /** Whether domains of this name may be changed at all. */
  readonly manages: (name: string) => boolean
  /** What the option `domainRules` says. */
  readonly rulesOf: RulesOf
  /** pCPUs that vCPUs may be placed on. */
  readonly usable: CpuSet
}

/**
 * The settings of every domain, from the options and from the domain's own metadata. Metadata is read when a domain
 * starts, and again when it changes. Until it is known what the owner of a domain wants, and while it cannot be
 * understood, the domain is skipped: see {@link unreadSettings}. `timeout` is how many milliseconds `follow` waits at
 * most; what fails goes to `report`.
 */
export function settingsCache(
  host: Host,
  { manages, rulesOf, usable }: SettingsSources,
  timeout: number,
  report: (error: BallastError) => void,
): RunCache<DomainSettings> {
  return new RunCache(host, {
    ask: async ({ uuid, name }) => {
      if (!manages(name)) return notSelected
      return merge(rulesOf(name), await host.domainMetadata(uuid), usable)
    },
    isChangedBy: ({ kind }) => kind === 'metadata',
    serveStale: false,
    timeout,
    report,
  })
}

/** Limits add up: what either side forbids is forbidden. Of shares the option has the last word. */
function merge(rules: ParsedRules, xml: string | undefined, usable: CpuSet): DomainSettings {
  const said = xml === undefined ? {} : readMetadata(xml)
  // Who does not change a domain may still have to know its labels.
  const { fleet = undefined } = 'problem' in said ? {} : said
  return { ...changes(rules, said, usable), ...(fleet && { fleet }) }
}

/** What may be changed of a domain. */
function changes(rules: ParsedRules, said: MetadataSettings, usable: CpuSet): DomainSettings {
  if (rules.managed === false) return unmanaged({ kind: 'rules-exclude' })
  if ('problem' in said) return unmanaged({ kind: 'metadata-invalid', problem: said.problem })
  if (said.managed === false) return unmanaged({ kind: 'metadata-excludes' })
  const cpus = rules.cpus && said.cpus ? rules.cpus.and(said.cpus) : (rules.cpus ?? said.cpus)
  if (cpus?.and(usable).isEmpty) {
    return unmanaged({ kind: 'no-usable-pcpu', rules: rules.cpus, metadata: said.cpus, usable })
  }
  const memory = memorySettings(rules, said)
  const { memoryFloor, memoryCeiling } = memory
  if (memoryFloor !== undefined && memoryCeiling !== undefined && memoryFloor > memoryCeiling) {
    return unmanaged({ kind: 'settings-contradictory', memoryFloor, memoryCeiling })
  }
  const shares = rules.shares ?? said.shares ?? defaultSettings.shares
  return { ...defaultSettings, ...memory, cpus, shares }
}

const notSelected = unmanaged({ kind: 'not-selected' })
/** What holds for a domain whose metadata is not known. */
export const unreadSettings = unmanaged({ kind: 'settings-unknown' })

function unmanaged(reason: UnmanagedReason): DomainSettings {
  return { ...defaultSettings, managed: false, reason }
}
