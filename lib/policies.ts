/**
 * The registry of policies: everything that can be chosen by name, with what is known of it beside its code. The CLI,
 * the configuration file, the arena and the tests of the docs take their lists from here.
 *
 * Each table has one entry for each policy of its module, and each entry one kind for each option: the compiler
 * asks for a new policy, and for a new option, here. The tests ask for its page.
 */
import * as ballooning from './ballooning/index.ts'
import { sharesDefaults } from './ballooning/shares.ts'
import { watermarkDefaults } from './ballooning/watermark/watermark.ts'
import { adaptive, adaptiveDefaults } from './ksm.ts'
import {
  ChoiceKind,
  count,
  fraction,
  fractionBelowOne,
  type KindsOf,
  type OptionKinds,
  openFraction,
  positiveFraction,
} from './policy/option-kinds.ts'
import type { Ballooning, KsmPolicy, Scheduler } from './policy/plan.ts'
import { balanceDefaults } from './schedulers/balance.ts'
import { fairDefaults } from './schedulers/fair.ts'
import * as schedulers from './schedulers/index.ts'
import { packDefaults } from './schedulers/pack.ts'
import { type KebabCase, kebabCase } from './util/kebab-case.ts'

/** A policy of the kind `P` that can be chosen by name. */
export interface RegisteredPolicy<P> {
  /** In kebab-case. */
  readonly name: string
  /** One phrase, for help and docs. */
  readonly summary: string
  /** Name of its page in docs/policies, without `.md`. */
  readonly page: string
  readonly options: OptionKinds
  /** What is taken for options that are not given, by their names; undefined: there is no such value. */
  readonly defaults: object
  /** Makes it; what is not said has the policy's own defaults. Throws a `TypeError` for a wrong option. */
  readonly create: (options?: object) => P
}

/** By name, the default first. */
export type PolicyTable<P> = Readonly<Record<string, RegisteredPolicy<P>>>

/** What a table says of one policy. */
interface Definition<Factory> {
  readonly summary: string
  readonly options: KindsOf<OptionsOf<Factory>>
  readonly defaults: Required<OptionsOf<Factory>>
  /** Default: its name. */
  readonly page?: string
}

type OptionsOf<Factory> = Factory extends (...args: infer Args) => unknown
  ? Args extends readonly [(infer Options)?]
    ? unknown extends Options
      ? object
      : NonNullable<Options>
    : never
  : never

type Definitions<Module> = { readonly [Export in keyof Module]: Definition<Module[Export]> }

/** The policies that place vCPUs. */
export const schedulerPolicies = table<typeof schedulers, Scheduler>(schedulers, {
  balance: {
    summary: 'fewest moves that bring the deviation of load within tolerance',
    options: {
      tolerance: positiveFraction,
      pin: new ChoiceKind(['cpu', 'set']),
      maxMoves: count,
      cooldown: 'milliseconds',
      background: 'flag',
      sibling: positiveFraction,
      cost: { core: fraction, cache: fraction, cell: fraction, remote: fraction, away: fraction },
    },
    defaults: balanceDefaults,
  },
  fair: {
    summary: 'serves the worst-served guest better, relative to its shares',
    options: { tolerance: positiveFraction },
    defaults: fairDefaults,
  },
  pack: {
    summary: 'gathers the load on the fewest pCPUs that carry it',
    options: { fill: positiveFraction, slack: fraction },
    defaults: packDefaults,
  },
  lpt: {
    summary: 'baseline: places all vCPUs anew, the heaviest first',
    options: {},
    defaults: {},
  },
  oneMove: {
    summary: 'baseline: one vCPU per tick, from the busiest to the least busy pCPU',
    options: {},
    defaults: {},
  },
  roundRobin: {
    summary: 'baseline: vCPUs onto pCPUs in turn, whatever the load',
    options: {},
    defaults: {},
  },
})

/** The policies that size balloons. */
export const ballooningPolicies = table<typeof ballooning, Ballooning>(ballooning, {
  shares: {
    summary: 'gives each guest what it needs before it runs short, from those that use least of theirs',
    options: {
      margin: 'bytes',
      burst: 'bytes-from-0',
      floor: 'bytes',
      step: 'bytes',
      tax: fractionBelowOne,
    },
    defaults: sharesDefaults,
  },
  watermark: {
    summary: "keeps each guest's unused memory between two marks",
    options: { low: 'bytes', high: 'bytes', step: 'bytes', floor: 'bytes' },
    defaults: watermarkDefaults,
  },
  cagma: {
    summary: 'as published: 1.1 times what the processes of a guest hold',
    options: {},
    defaults: {},
  },
  idleTax: {
    summary: 'as published (VMware ESX): by shares, with a tax on idle memory',
    options: {},
    defaults: {},
  },
  mom: {
    summary: 'as published (oVirt): all shrink or grow by 5 %, by what the host has free',
    options: {},
    defaults: {},
  },
  proxmox: {
    summary: 'as published (Proxmox VE): the host 80 % full, 100 MiB at a time, by shares',
    options: {},
    defaults: {},
  },
  qubes: {
    summary: 'as published (Qubes OS): all memory, in proportion to 1.3 times what each guest uses',
    options: {},
    defaults: {},
  },
  squeezed: {
    summary: 'as published (XCP-ng): the same part of the way from minimum to maximum for all',
    options: {},
    defaults: {},
  },
})

/** The policies for kernel same-page merging (KSM). */
export const ksmPolicies = table<{ adaptive: typeof adaptive }, KsmPolicy>(
  { adaptive },
  {
    adaptive: {
      summary: 'scans for equal pages while memory is short and the CPUs are not',
      options: { shortBelow: openFraction, busyAbove: positiveFraction },
      defaults: adaptiveDefaults,
      page: 'ksm',
    },
  },
)

/** All of them, by what they decide: the names of the options of `ballast run`, and of its configuration file. */
export const policies = {
  scheduler: schedulerPolicies,
  ballooning: ballooningPolicies,
  ksm: ksmPolicies,
} as const

/** What a policy decides. */
export type PolicyKind = keyof typeof policies

type Created<Table> = Table extends Readonly<Record<string, RegisteredPolicy<infer P>>> ? P : never

/** The type of the policies of a kind. */
export type PolicyOf<Kind extends PolicyKind> = Created<(typeof policies)[Kind]>

/** The policies that run when none is named. */
export const defaultPolicies = {
  scheduler: 'balance',
  ballooning: 'shares',
  ksm: 'none',
} as const satisfies Record<PolicyKind, string>

type Factories<P> = Readonly<Record<string, (options?: never) => P>>

function table<Module extends Factories<P>, P>(
  module: Module,
  definitions: Definitions<Module>,
): Readonly<Record<KebabCase<keyof Module & string>, RegisteredPolicy<P>>> {
  const entries = Object.entries<Definition<unknown>>(definitions).map(([key, { page, ...definition }]) => {
    const name = kebabCase(key)
    const create = module[key] as (options?: object) => P
    return [name, { ...definition, name, page: page ?? name, create }]
  })
  return Object.fromEntries(entries)
}
