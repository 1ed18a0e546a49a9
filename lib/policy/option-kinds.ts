/** Limits of a number, in the words of JSON Schema. */
export interface NumberLimits {
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly exclusiveMaximum?: number
}

/** A number, with the limits that whoever takes the option has for it. */
export class NumberKind {
  readonly limits: NumberLimits
  readonly isWhole: boolean

  constructor(limits: NumberLimits, isWhole = false) {
    this.limits = limits
    this.isWhole = isWhole
  }
}

/** One of some words. */
export class ChoiceKind<Choice extends string = string> {
  readonly choices: readonly Choice[]

  constructor(choices: readonly Choice[]) {
    this.choices = choices
  }
}

export const positiveFraction = new NumberKind({ exclusiveMinimum: 0, maximum: 1 })
export const fraction = new NumberKind({ minimum: 0, maximum: 1 })
export const fractionBelowOne = new NumberKind({ minimum: 0, exclusiveMaximum: 1 })
export const openFraction = new NumberKind({ exclusiveMinimum: 0, exclusiveMaximum: 1 })
export const count = new NumberKind({ minimum: 1 }, true)

/**
 * What an option is, which says how it is written in a configuration file: sizes and times have their unit there. Bytes
 * are above 0 unless they are `bytes-from-0`, milliseconds 0 or more.
 */
export type OptionKind =
  | 'bytes'
  | 'bytes-from-0'
  | 'milliseconds'
  | 'flag'
  | 'text'
  | 'cpus'
  | NumberKind
  | ChoiceKind
  | OptionKinds

/** The options of something, by their names in the API. */
export interface OptionKinds {
  readonly [option: string]: OptionKind
}

/** Whether a kind is that of a group of options. */
export function isGroupOfKinds(kind: OptionKind): kind is OptionKinds {
  return typeof kind === 'object' && !(kind instanceof NumberKind) && !(kind instanceof ChoiceKind)
}

/** A kind for every option of `Options`, whose type fits. */
export type KindsOf<Options> = { readonly [K in keyof Options]-?: KindOf<NonNullable<Options[K]>> }

type KindOf<Value> = [Value] extends [boolean]
  ? 'flag'
  : [Value] extends [number]
    ? 'bytes' | 'bytes-from-0' | 'milliseconds' | NumberKind
    : string extends Value
      ? 'text' | 'cpus'
      : [Value] extends [string]
        ? ChoiceKind<Value>
        : KindsOf<Value>
