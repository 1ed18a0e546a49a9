/**
 * The registry of fleet policies: everything that can be chosen by name, with what is known of it beside its code. The CLI, the
 * configuration file, the arena and the tests of the docs take their lists from here.
 */
import {
  ChoiceKind,
  count,
  type KindsOf,
  type OptionKinds,
  positiveFraction,
} from '../policy/option-kinds.ts'
import { type KebabCase, kebabCase } from '../util/kebab-case.ts'
import type { FleetPolicy } from './policies/fleet-policy.ts'
import * as factories from './policies/index.ts'

/** A fleet policy that can be chosen by name. */
export interface RegisteredFleetPolicy {
  /** In kebab-case. */
  readonly name: string
  /** One phrase, for help and docs. */
  readonly summary: string
  readonly options: OptionKinds
  /** Makes it; what is not said has the policy's own defaults. Throws a `TypeError` for a wrong option. */
  readonly create: (options?: object) => FleetPolicy
}

type Factories = typeof factories

/** What the registry says of one policy: the compiler asks for a kind of each option. */
type Definitions = {
  readonly [Name in keyof Factories]: {
    readonly summary: string
    readonly options: KindsOf<NonNullable<Parameters<Factories[Name]>[0]>>
  }
}

/** By name, the default first. */
export const fleetPolicies = table(factories, {
  balance: {
    summary:
      'the worst-served guests first, then the spread of load, with as few and as cheap moves as do it',
    options: {
      delay: positiveFraction,
      deviation: positiveFraction,
      busy: positiveFraction,
      rounds: count,
      horizon: 'milliseconds',
    },
  },
  pack: {
    summary: 'empties hosts, for power or maintenance',
    options: { fill: positiveFraction, delay: positiveFraction },
  },
  usage: {
    summary: 'baseline: one guest in each round, from the most to the least used host',
    options: { by: new ChoiceKind(['cpu', 'memory']), difference: positiveFraction },
  },
})

/** The one that decides when none is named. */
export const defaultFleetPolicy = 'balance' satisfies keyof typeof fleetPolicies

function table(
  module: Readonly<Record<string, (options?: never) => FleetPolicy>>,
  definitions: Definitions,
): Readonly<Record<KebabCase<keyof Definitions>, RegisteredFleetPolicy>> {
  const entries = Object.entries(definitions).map(([key, definition]) => {
    const name = kebabCase(key)
    const create = module[key] as (options?: object) => FleetPolicy
    return [name, { ...definition, name, create }]
  })
  return Object.fromEntries(entries)
}
