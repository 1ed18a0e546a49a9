import { expect, it } from 'vitest'
import { proportional } from '../../../lib/schedulers/shared/cpu-shares.ts'
import { cgroupsV1, cgroupsV2, sharesScale } from '../../../lib/view/shares-scale.ts'
import type { DomainView } from '../../../lib/view/view.ts'

const domains = (cpuShares: readonly number[], shares: readonly number[] = []) =>
  cpuShares.map((own, i) => ({ cpuShares: own, settings: { shares: shares[i] ?? 1024 } }) as DomainView)

it.each([
  [[1024, 1024, 100], cgroupsV1],
  [[100, 100, 1024], cgroupsV2],
  [[100, 20_000], cgroupsV1],
  [[300, 500], cgroupsV1],
  [[], cgroupsV1],
])('the scale of a host is that of the default that most have: %j', (shares, scale) => {
  expect(sharesScale(domains(shares))).toBe(scale)
})

it('shares in proportion stay within what cgroups v2 take, and keep their proportion', () => {
  const seen = domains([100, 100, 100], [1024, 512, 204_800])
  expect([...proportional(seen)!.values()]).toEqual([50, 25, 10_000])
  expect([...proportional(domains([100, 100], [1024, 2048]))!.values()]).toEqual([100, 200])
})
