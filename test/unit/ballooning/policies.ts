import * as ballooning from '../../../lib/ballooning/index.ts'
import type { Ballooning } from '../../../lib/policy/plan.ts'

/** The policies that others have published, by name, as they come. */
export const published: Readonly<Record<string, () => Ballooning>> = {
  cagma: ballooning.cagma,
  idleTax: ballooning.idleTax,
  mom: ballooning.mom,
  proxmox: ballooning.proxmox,
  qubes: ballooning.qubes,
  squeezed: ballooning.squeezed,
}

/** All policies. */
export const policies: Readonly<Record<string, () => Ballooning>> = {
  ...published,
  shares: ballooning.shares,
  watermark: ballooning.watermark,
}
