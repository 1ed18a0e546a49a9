import type { DomainView } from '../../view/view.ts'

/** The range that libvirt accepts; where the host's own range is narrower, the host refuses values outside of that. */
const range = { least: 2, most: 262_144 }

/** By domain: the `cpu_shares` that it should have. */
export type Weights = ReadonlyMap<DomainView, number>

/**
 * `cpu_shares` in proportion to `settings.shares`, on the scale that most domains already have: only proportions mean
 * something, and scales differ between hosts. Undefined while they are unknown for any domain.
 */
export function proportional(domains: readonly DomainView[]): Weights | undefined {
  const scale = commonScale(domains)
  if (scale === undefined) return undefined
  return new Map(domains.map((domain) => [domain, weightOn(scale, domain)]))
}

/** The `cpu_shares` per share that fits most domains; of several that fit as many, the largest. */
function commonScale(domains: readonly DomainView[]): number | undefined {
  const counts = new Map<string, { readonly domain: DomainView; count: number }>()
  for (const domain of domains) {
    if (domain.cpuShares === undefined) return undefined
    const alike = `${domain.cpuShares} ${domain.settings.shares}`
    const seen = counts.get(alike)
    if (seen) seen.count++
    else counts.set(alike, { domain, count: 1 })
  }
  const kinds = [...counts.values()]
  const fits = (scale: number) => {
    return kinds.reduce((sum, { domain, count }) => {
      return weightOn(scale, domain) === domain.cpuShares ? sum + count : sum
    }, 0)
  }
  const scales = kinds.map(({ domain }) => domain.cpuShares! / domain.settings.shares)
  const rated = scales.map((scale) => ({ scale, fits: fits(scale) }))
  return rated.sort((a, b) => b.fits - a.fits || b.scale - a.scale)[0]?.scale
}

function weightOn(scale: number, { settings }: DomainView): number {
  return Math.max(range.least, Math.min(range.most, Math.round(scale * settings.shares)))
}
