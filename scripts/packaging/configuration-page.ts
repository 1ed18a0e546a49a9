import { readFileSync } from 'node:fs'
import { domainKinds } from '../../lib/cli/config/config.ts'
import { configurationSchema } from '../../lib/cli/config/schema.ts'
import type { JsonSchema } from '../../lib/cli/config/value-schemas.ts'
import { type RunOption, runOptions } from '../../lib/cli/options.ts'
import { type PolicyKind, policies } from '../../lib/policies.ts'
import {
  ChoiceKind,
  isGroupOfKinds,
  NumberKind,
  type OptionKind,
  type OptionKinds,
} from '../../lib/policy/option-kinds.ts'
import { camelCase, kebabCase } from '../../lib/util/kebab-case.ts'
import { block, bold, italic, page, prose, reference, section, tagged } from './roff.ts'

const example = new URL('../../packaging/systemd/ballast.yaml', import.meta.url)

/** The page of the configuration file. */
export function configurationPage(version: string, date: string): string {
  const name = 'ballast.yaml'
  const { properties } = configurationSchema() as { properties: Readonly<Record<string, JsonSchema>> }
  return page({ name, chapter: 5, title: 'configuration of ballast', date, version }, [
    section('Synopsis', italic('/etc/ballast/ballast.yaml')),
    section(
      'Description',
      prose(
        'What "ballast run --config" reads: YAML, in which every key may be left out. The command line takes precedence ' +
          'over it. An unknown key is a mistake, and so are one that is there twice and one that would have no effect. ' +
          '"ballast check" finds mistakes; "ballast schema" prints a JSON Schema for editors.',
      ),
      '.PP',
      prose(
        'Sizes have a unit (512MiB, 2GiB), and so do times (500ms, 30s, 5min, 1h); lists of physical CPUs are written ' +
          'as 0-1,8.',
      ),
    ),
    section(
      'Keys',
      ...Object.entries(properties).map(([key, { description }]) =>
        tagged(`${bold(key)}: ${italic(valueOfKey(key))}`, String(description)),
      ),
    ),
    section(
      'Policies',
      prose('A policy is its name, "none", or a mapping with its name as "policy" and its options.'),
      ...(Object.keys(policies) as PolicyKind[]).flatMap((kind) => [
        `.SS ${kind}`,
        ...Object.values(policies[kind]).flatMap(({ name, summary, options }) => [
          tagged(bold(name), `${summary}.`),
          ...optionTags(options),
        ]),
      ]),
    ),
    section(
      'Rules for guests',
      prose('Under a glob over names of guests, in "domain-rules":'),
      ...optionTags(domainKinds),
    ),
    section('Files', tagged(italic('/usr/share/ballast/ballast.schema.json'), 'The JSON Schema.')),
    section('Examples', block(readFileSync(example, 'utf8').trimEnd())),
    section(
      'See also',
      `${reference('ballast', 1)},\n${reference('ballast-run', 1)},\n${reference('ballast-check', 1)}`,
    ),
  ])
}

function valueOfKey(key: string): string {
  const option = (runOptions as Readonly<Record<string, RunOption>>)[camelCase(key)]
  if (!option)
    return (
      { interval: 'seconds', notify: 'receivers', fleet: 'options', 'domain-rules': 'rules' }[key] ?? 'policy'
    )
  if ('choices' in option) return option.choices.join(' | ')
  if ('helpOff' in option) return 'true | false'
  return /<(.*)>/.exec(option.flags)![1]!
}

/** Options, a line each, under what they belong to. */
function optionTags(kinds: OptionKinds, within = ''): string[] {
  return Object.entries(kinds).flatMap(([name, kind]) => {
    const key = `${within}${kebabCase(name)}`
    if (isGroupOfKinds(kind)) return optionTags(kind, `${key}.`)
    return [`.RS\n.PP\n${bold(key)}: ${prose(kindText(kind))}\n.RE`]
  })
}

function kindText(kind: Exclude<OptionKind, OptionKinds>): string {
  if (kind instanceof ChoiceKind) return kind.choices.join(' or ')
  if (kind instanceof NumberKind) {
    const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = kind.limits
    const bounds = [
      exclusiveMinimum === undefined ? undefined : `above ${exclusiveMinimum}`,
      minimum === undefined ? undefined : `from ${minimum}`,
      exclusiveMaximum === undefined ? undefined : `below ${exclusiveMaximum}`,
      maximum === undefined ? undefined : `up to ${maximum}`,
    ]
    return [
      kind.isWhole ? 'a whole number' : 'a number',
      ...bounds.filter((bound) => bound !== undefined),
    ].join(' ')
  }
  return {
    bytes: 'a size',
    'bytes-from-0': 'a size',
    milliseconds: 'a time',
    flag: 'true or false',
    text: 'text',
    cpus: 'a list of physical CPUs',
  }[kind]
}
