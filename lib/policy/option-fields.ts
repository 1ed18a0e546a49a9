import { wrongOption } from '../host/errors.ts'
import { formatBytes } from '../util/format.ts'
import { kebabCase } from '../util/kebab-case.ts'
import { bytesIn, millisecondsIn } from '../util/quantity.ts'
import { ChoiceKind, isGroupOfKinds, NumberKind, type OptionKind, type OptionKinds } from './option-kinds.ts'

/** How an option is written: as a number, a size or a time with its unit, true or false, a word. */
type FieldKind = 'number' | 'size' | 'time' | 'flag' | 'text'

/** An option of a policy as somebody is asked for it; options in groups are fields of their own. Plain data. */
export interface OptionField {
  /** By its names in the API: `cost`, `core`. */
  readonly path: readonly string[]
  /** As a configuration file has it: `cost.core`. */
  readonly name: string
  readonly kind: FieldKind
  /** What is taken when nothing is given, as it is written; undefined: there is no such value. */
  readonly usual: string | undefined
  /** The words that it can be; undefined: they are not counted. */
  readonly choices: readonly string[] | undefined
}

/** A policy that a page can ask for. */
export interface PolicyFields {
  readonly name: string
  readonly summary: string
  readonly fields: readonly OptionField[]
}

/** The policies that a load can be played under, by what they decide. */
export interface PolicyChoices {
  readonly scheduler: readonly PolicyFields[]
  readonly ballooning: readonly PolicyFields[]
}

/** A field for each option; `defaults` are by the same names. */
export function fieldsOf(
  kinds: OptionKinds,
  defaults: object,
  within: readonly string[] = [],
): OptionField[] {
  return Object.entries(kinds).flatMap(([option, kind]) => {
    const value = (defaults as Readonly<Record<string, unknown>>)[option]
    const path = [...within, option]
    if (isGroupOfKinds(kind)) return fieldsOf(kind, value ?? {}, path)
    return { path, name: path.map(kebabCase).join('.'), ...fieldOf(kind, value) }
  })
}

function fieldOf(
  kind: Exclude<OptionKind, OptionKinds>,
  value: unknown,
): Pick<OptionField, 'kind' | 'usual' | 'choices'> {
  const written = (as: FieldKind, text: (value: never) => string = String, choices?: readonly string[]) => ({
    kind: as,
    usual: value === undefined ? undefined : text(value as never),
    choices,
  })
  if (kind instanceof NumberKind) return written('number')
  if (kind instanceof ChoiceKind) return written('text', String, kind.choices)
  switch (kind) {
    case 'bytes':
    case 'bytes-from-0':
      return written('size', formatBytes)
    case 'milliseconds':
      return written('time', (milliseconds: number) => `${milliseconds / 1_000} s`)
    case 'flag':
      return written('flag', String, ['false', 'true'])
    default:
      return written('text')
  }
}

const examples: Readonly<Partial<Record<FieldKind, string>>> = {
  number: 'a number, such as 0.5',
  size: 'a size with its unit, such as 512 MiB',
  time: 'a time with its unit, such as 30 s',
}

/**
 * What was written into fields, by their names, as the options of a policy; what is empty, or as usual, is left to the policy.
 * Whether it makes sense to the policy, only the policy knows. Throws a `TypeError` for what is no value of its kind.
 */
export function optionsIn(fields: readonly OptionField[], written: ReadonlyMap<string, string>): object {
  const options: Record<string, unknown> = {}
  for (const { path, name, kind, usual } of fields) {
    const text = written.get(name)?.trim() ?? ''
    if (text === '' || text === usual) continue
    const value = readAs(kind, text)
    if (value === undefined) throw wrongOption(name, examples[kind]!, text)
    let group = options
    for (const outer of path.slice(0, -1)) {
      const inner = (group[outer] ?? {}) as Record<string, unknown>
      group[outer] = inner
      group = inner
    }
    group[path.at(-1)!] = value
  }
  return options
}

function readAs(kind: FieldKind, text: string): unknown {
  switch (kind) {
    case 'number':
      return /^-?\d*\.?\d+$/.test(text) ? Number(text) : undefined
    case 'size':
      return bytesIn(text)
    case 'time':
      return millisecondsIn(text)
    case 'flag':
      return text === 'true'
    default:
      return text
  }
}
