import { type PolicyKind, policies, type RegisteredPolicy } from '../../policies.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import { defaultInterval, kindHelp, type RunOption, runOptionNames, runOptions } from '../options.ts'
import { domainKinds } from './config.ts'
import { fleetSchema } from './fleet-schema.ts'
import {
  group,
  interval,
  type JsonSchema,
  listOrOne,
  optionSchema,
  receiver,
  registeredSchema,
  sentence,
} from './value-schemas.ts'

/**
 * The JSON Schema of the configuration file, for editors, from the tables that `ballast check` reads. It takes
 * all that `check` takes; what it cannot say (one option against another's value, what depends on how a number is
 * written) only `check` refuses.
 */
export function configurationSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of Ballast',
    description: 'What "ballast run --config" reads; "ballast check" finds what this schema cannot.',
    // A file may say nothing at all.
    type: ['object', 'null'],
    properties: {
      interval: {
        description: `Seconds from one tick to the next (default: ${defaultInterval / 1_000}).`,
        ...interval,
      },
      ...Object.fromEntries(policyKinds.map((kind) => [kind, policySchema(kind)])),
      ...Object.fromEntries(
        runOptionNames.map((name) => [
          kebabCase(name),
          described(runOptions[name].help, optionSchema(runOptions[name])),
        ]),
      ),
      notify: described('who is told of what a person is to know, one or a list', listOrOne(receiver)),
      fleet: described('the fleet that this host is a member of; see docs/fleet.md', fleetSchema),
      'domain-rules': described('rules for single guests, by glob over their names', {
        type: 'object',
        propertyNames: { minLength: 1 },
        additionalProperties: ruleSchema(),
      }),
    },
    additionalProperties: false,
    allOf: [somethingToDo, ...policyKinds.map(withoutUseless)],
  }
}

const policyKinds = Object.keys(policies) as PolicyKind[]

const none = { const: 'none' }

/** One of them has a policy: KSM's must be named, the other two are on by themselves. */
const somethingToDo: JsonSchema = {
  not: {
    type: 'object',
    properties: { scheduler: none, ballooning: none, ksm: none },
    required: ['scheduler', 'ballooning'],
  },
}

/** While there is no policy of a kind, what only such a policy would use must not be there. */
function withoutUseless(kind: PolicyKind): JsonSchema {
  const useless = runOptionNames.filter((name) => (runOptions[name] as RunOption).needs === kind)
  return {
    if: { type: 'object', properties: { [kind]: none }, required: [kind] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: Object.fromEntries(useless.map((name) => [kebabCase(name), false])) },
  }
}

/** `NAME`, `none`, or a policy with its options; without a name they are those of the default. */
function policySchema(kind: PolicyKind): JsonSchema {
  const known: readonly RegisteredPolicy<unknown>[] = Object.values(policies[kind])
  const pages = new Map(known.map(({ name, page }) => [name, `policies/${page}`]))
  return described(
    kindHelp[kind],
    registeredSchema(known, (name) => pages.get(name)!, ['none']),
  )
}

function ruleSchema(): JsonSchema {
  const { managed, ...others } = domainKinds
  return {
    ...group({ managed, ...others }),
    if: { type: 'object', properties: { managed: { const: false } }, required: ['managed'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: Object.fromEntries(Object.keys(others).map((name) => [kebabCase(name), false])) },
  }
}

function described(help: string, schema: JsonSchema): JsonSchema {
  return { description: sentence(help), ...schema }
}
