import type { CpuSet } from '../host/cpuset.ts'

/** Why a domain is not managed; docs/reasons.md has each in words. Bytes. */
export type UnmanagedReason =
  | { readonly kind: 'not-managed' }
  | { readonly kind: 'not-selected' }
  | { readonly kind: 'rules-exclude' }
  | { readonly kind: 'metadata-excludes' }
  | { readonly kind: 'metadata-invalid'; readonly problem: string }
  | { readonly kind: 'settings-unknown' }
  | { readonly kind: 'being-migrated' }
  | {
      readonly kind: 'settings-contradictory'
      readonly memoryFloor: number
      readonly memoryCeiling: number
    }
  | {
      readonly kind: 'no-usable-pcpu'
      /** What the option `domainRules` allows, and what the domain's metadata does. */
      readonly rules: CpuSet | undefined
      readonly metadata: CpuSet | undefined
      readonly usable: CpuSet
    }

/** What a domain's owner, or the user of Ballast, says of one domain. */
export interface DomainSettings {
  /** Whether policies may change it. One that is not managed is counted all the same. */
  readonly managed: boolean
  /** Why it is not managed. `sentenceOf` has it in words. */
  readonly reason?: UnmanagedReason | undefined
  /** pCPUs that its vCPUs may be pinned to. Undefined: any that is online. */
  readonly cpus?: CpuSet | undefined
  /** Its share of a pCPU that is short, as against the shares of others: libvirt's `cpu_shares`. Above 0. */
  readonly shares: number
  /** Bytes: the smallest balloon that it may be given. Undefined: what the policy and the guard have. */
  readonly memoryFloor?: number | undefined
  /** Bytes: the largest. Undefined: its maximum. */
  readonly memoryCeiling?: number | undefined
  /** Its share of memory that is short, or left over, as against the shares of others. Above 0. */
  readonly memoryShares: number
  /** What its metadata says for a fleet. Undefined: nothing. */
  readonly fleet?: DomainFleetSettings | undefined
}

/** What the owner of a domain says for the hosts of a fleet. */
export interface DomainFleetSettings {
  /** False: no fleet moves it. */
  readonly moves?: boolean | undefined
  /** Names by which the fleet's rules know it, beside its own. */
  readonly labels?: readonly string[] | undefined
  /** 1 moves first, 3 last. Default 2. */
  readonly priority?: 1 | 2 | 3 | undefined
}

/** The settings of a domain without options and metadata. */
export const defaultSettings: DomainSettings = {
  managed: true,
  cpus: undefined,
  shares: 1024,
  memoryShares: 1000,
}
