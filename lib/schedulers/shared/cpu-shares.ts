import { type SharesScale, sharesScale } from '../../view/shares-scale.ts'
import type { DomainView } from '../../view/view.ts'

/** By domain: the `cpu_shares` that it should have. */
export type Weights = ReadonlyMap<DomainView, number>

/**
 * `cpu_shares` in proportion to `settings.shares`, on the scale that most domains already have: only proportions mean
 * something, and scales differ between hosts. Undefined while they are unknown for any domain.
 */
export function proportional(domains: readonly DomainView[]): Weights | undefined {
  const range = sharesScale(domains)
  const common = commonScale(domains, range)
  if (common === undefined) return undefined
  // One that would have more than the host takes keeps its proportion: the others get less.
  const most = Math.max(...domains.map(({ settings }) => settings.shares))
  const scale = Math.min(common, range.most / most)
  return new Map(domains.map((domain) => [domain, weightOn(scale, domain, range)]))
}

/** The `cpu_shares` per share that fits most domains; of several that fit as many, the largest. */
function commonScale(domains: readonly DomainView[], range: SharesScale): number | undefined {
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
      return weightOn(scale, domain, range) === domain.cpuShares ? sum + count : sum
    }, 0)
  }
  const scales = kinds.map(({ domain }) => domain.cpuShares! / domain.settings.shares)
  const rated = scales.map((scale) => ({ scale, fits: fits(scale) }))
  return rated.sort((a, b) => b.fits - a.fits || b.scale - a.scale)[0]?.scale
}

function weightOn(scale: number, { settings }: DomainView, range: SharesScale): number {
  return Math.max(range.least, Math.min(range.most, Math.round(scale * settings.shares)))
}
