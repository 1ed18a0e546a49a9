import {
  ChoiceKind,
  isGroupOfKinds,
  NumberKind,
  type OptionKind,
  type OptionKinds,
} from '../../policy/option-kinds.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import { durationUnits, sizeUnits } from '../../util/quantity.ts'
import { parseAbsoluteListenAddress } from '../http/address.ts'
import { absolutePath, type RunOption } from '../options.ts'
import { longestInterval, parseCpus, parseSize, parseText, shortestInterval } from '../values.ts'

/** A JSON Schema, of draft 7: editors know that one best. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** What is compared as it is written in the file, a number too. */
export const text: JsonSchema = { type: ['string', 'number'], pattern: String.raw`\S` }

/** A decimal number, as the command line takes it. */
const decimal = String.raw`\d*\.?\d+`

const size = withUnit(sizeUnits)

const sizeAboveZero = withUnit(sizeUnits, '(?=[^1-9]*[1-9])')

const duration = withUnit(durationUnits)

/** Up to 65535: ports, and pCPUs. */
const upTo65535 = '0*([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'

const cpuRange = String.raw`\s*\^?${upTo65535}(-${upTo65535})?\s*`

const cpus = {
  type: ['string', 'integer'],
  pattern: `^${cpuRange}(,${cpuRange})*$`,
  minimum: 0,
  maximum: 65_535,
  examples: ['0-3,8'],
}

export const path: JsonSchema = { type: 'string', pattern: '^/' }

const listenAddress = {
  type: ['string', 'integer'],
  pattern: String.raw`^(unix:/|((\[[\dA-Fa-f:.]+\]|[^\s:/\[\]]+):)?(?=\d{1,5}$)${upTo65535}$)`,
  minimum: 0,
  maximum: 65_535,
  examples: [9177, '0.0.0.0:9177', 'unix:/run/ballast/metrics.sock'],
}

/** Seconds. */
export const interval: JsonSchema = {
  type: ['number', 'string'],
  minimum: shortestInterval,
  maximum: longestInterval,
  pattern: `^${decimal}$`,
}

/** Who is told: either a program or an address. */
export const receiver: JsonSchema = {
  type: 'object',
  properties: {
    program: { description: 'Absolute path of a program that is run.', ...path },
    url: {
      description: 'An address that is posted to.',
      type: 'string',
      pattern: '^[hH][tT]{2}[pP][sS]?://',
      // A user in it; a path with an @ is fine.
      not: { pattern: String.raw`^[^:]*://[^\s/?#\\:@][^/?#\\@]*@` },
    },
  },
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
}

/** By what reads an option of `ballast run` in a file. */
const byParser: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [parseText, text],
  [parseSize, size],
  [parseCpus, cpus],
  [absolutePath, path],
  [parseAbsoluteListenAddress, listenAddress],
])

/** What the value of an option of `ballast run` may be. */
export function optionSchema(option: RunOption): JsonSchema {
  if ('choices' in option) return { enum: option.choices }
  if ('helpOff' in option) return { type: 'boolean' }
  const schema = byParser.get(option.parseInFile ?? option.parse)
  if (!schema) throw new Error(`There is no schema for ${option.flags}: add one beside its parser's`)
  return option.repeats ? listOrOne(schema) : schema
}

export function listOrOne(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'array', items: schema, minItems: 1 }] }
}

/** A mapping with these options, in kebab-case, and no others. */
export function group(kinds: OptionKinds, more: JsonSchema = {}): JsonSchema {
  const properties = Object.entries(kinds).map(([name, kind]) => [
    kebabCase(name),
    isGroupOfKinds(kind) ? group(kind) : kindSchema(kind),
  ])
  return {
    type: 'object',
    properties: { ...more, ...Object.fromEntries(properties) },
    additionalProperties: false,
  }
}

/** A policy that is chosen by its name, or by that and its options; without a name they are those of the first. */
export function registeredSchema(
  known: readonly { readonly name: string; readonly summary: string; readonly options: OptionKinds }[],
  pageOf: (name: string) => string,
  others: readonly string[] = [],
): JsonSchema {
  return {
    anyOf: [
      { enum: [...others, ...known.map(({ name }) => name)] },
      ...known.map(({ name, summary, options }, i) => ({
        title: name,
        description: `${sentence(summary)} See docs/${pageOf(name)}.md.`,
        ...group(options, { policy: { const: name } }),
        ...(i === 0 ? {} : { required: ['policy'] }),
      })),
    ],
  }
}

export function sentence(phrase: string): string {
  return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}.`
}

/** What the value of an option of this kind may be. */
export function kindSchema(kind: Exclude<OptionKind, OptionKinds>): JsonSchema {
  if (kind instanceof NumberKind) return { type: kind.isWhole ? 'integer' : 'number', ...kind.limits }
  if (kind instanceof ChoiceKind) return { enum: kind.choices }
  return simpleKinds[kind]
}

const simpleKinds = {
  bytes: sizeAboveZero,
  'bytes-from-0': size,
  milliseconds: duration,
  flag: { type: 'boolean' },
  text: { type: ['string', 'number'] },
  cpus,
} as const satisfies Readonly<Record<Extract<OptionKind, string>, JsonSchema>>

/** A number and one of `units`, in any case; JSON Schema has no patterns without case. */
function withUnit(units: readonly string[], before = ''): JsonSchema {
  const anyCase = units.map((unit) =>
    unit.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`),
  )
  return { type: 'string', pattern: String.raw`^${before}${decimal}\s*(${anyCase.join('|')})$` }
}
