import * as ballooning from '../../../lib/ballooning/index.ts'
import type { Ballooning } from '../../../lib/policy/plan.ts'

/** Who goes through the contests, by name. */
export const memoryPolicies: Readonly<Record<string, () => Ballooning>> = {
  shares: () => ballooning.shares(),
  watermark: () => ballooning.watermark(),
  cagma: () => ballooning.cagma(),
  idleTax: () => ballooning.idleTax(),
  mom: () => ballooning.mom(),
  proxmox: () => ballooning.proxmox(),
  squeezed: () => ballooning.squeezed(),
  qubes: () => ballooning.qubes(),
  none: () => () => [],
}

/** Whom the claims are about. */
export const subject = 'shares'
