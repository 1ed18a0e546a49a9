import type { DomainView } from './view.ts'

/** Which `cpu_shares` a host takes, and what a domain has by default. */
export interface SharesScale {
  readonly least: number
  readonly most: number
  readonly usual: number
}

/** The kernel's `cpu.shares`. */
export const cgroupsV1: SharesScale = { least: 2, most: 262_144, usual: 1_024 }
/** The kernel's `cpu.weight`, which libvirt hands on as it is. */
export const cgroupsV2: SharesScale = { least: 1, most: 10_000, usual: 100 }

/** The scale of a host, by the default that most of its domains have. */
export function sharesScale(domains: readonly Pick<DomainView, 'cpuShares'>[]): SharesScale {
  const count = (shares: number) => domains.filter(({ cpuShares }) => cpuShares === shares).length
  const isV1 = domains.some(({ cpuShares = 0 }) => cpuShares > cgroupsV2.most)
  return !isV1 && count(cgroupsV2.usual) > count(cgroupsV1.usual) ? cgroupsV2 : cgroupsV1
}
