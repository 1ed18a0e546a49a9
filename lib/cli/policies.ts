import { Option } from 'commander'
import * as ballooning from '../ballooning/index.ts'
import type { Ballooning, Scheduler } from '../policy/plan.ts'
import * as schedulers from '../schedulers/index.ts'

/** By the name that `--policy` takes: the policies that size balloons, each with its defaults where no options are given. */
export const balloonPolicies: Readonly<Record<string, (options?: object) => Ballooning>> = {
  shares: ballooning.shares,
  watermark: ballooning.watermark,
  cagma: ballooning.cagma,
  idleTax: ballooning.idleTax,
  mom: ballooning.mom,
  proxmox: ballooning.proxmox,
  squeezed: ballooning.squeezed,
  qubes: ballooning.qubes,
}

/** The policies that place vCPUs. */
export const cpuPolicies: Readonly<Record<string, (options?: object) => Scheduler>> = {
  balance: schedulers.balance,
  fair: schedulers.fair,
  pack: schedulers.pack,
  lpt: schedulers.lpt,
  oneMove: schedulers.oneMove,
  roundRobin: schedulers.roundRobin,
}

/** The policies of `ballast run`, and of the other commands when none is named. */
export const defaultPolicies = { balloons: 'shares', cpus: 'balance' } as const

/** What `--policy` was given, or its default. */
export interface PolicyOptions {
  readonly policy: string
}

/** `--policy <name>`, one of `policies`. */
export function policyOption(policies: Readonly<Record<string, unknown>>, usual: string): Option {
  return new Option('--policy <name>', 'what decides; see docs/policies.md')
    .choices(Object.keys(policies))
    .default(usual)
}
