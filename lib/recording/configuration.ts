import type { AutopilotOptions } from '../control/autopilot.ts'
import { BallastError } from '../host/errors.ts'
import { type PolicyKind, type PolicyTable, policies } from '../policies.ts'
import { fromPlain, type Plain } from './plain.ts'

/** A policy by its name in the registry, with the options that it was given. */
interface NamedPolicy {
  readonly name: string
  readonly options: object
}

type PolicyChoice = { readonly [Kind in PolicyKind]?: NamedPolicy | undefined }

/** What a loop was run with, as far as it decides what is done. */
export interface RecordedConfiguration {
  readonly loop: Omit<AutopilotOptions, PolicyKind | 'journal' | 'signal' | 'ticks'>
  readonly policies: PolicyChoice
}

/** What a recording tells of its configuration: a script that records may tell less than `ballast` does. */
export function toldIn(plain: Plain): Partial<RecordedConfiguration> {
  const { loop, policies: told } = (fromPlain(plain) ?? {}) as Partial<RecordedConfiguration>
  return {
    ...(typeof loop?.interval === 'number' && { loop }),
    ...(typeof told === 'object' && told !== null && { policies: told }),
  }
}

/** Whether that is all that there is to be told. */
export function isWhole(told: Partial<RecordedConfiguration>): told is RecordedConfiguration {
  return told.loop !== undefined && told.policies !== undefined
}

/** The configuration in a recording. Throws `ERR_RECORDING` where it does not tell all. */
export function configurationIn(plain: Plain): RecordedConfiguration {
  const told = toldIn(plain)
  if (isWhole(told)) return told
  throw new BallastError(
    'ERR_RECORDING',
    'The recording does not say with which policies it was made: name them (--scheduler, --ballooning, --ksm), or give ' +
      '--config FILE; a script says so by the second argument of recorder.autopilot (docs/recordings.md)',
  )
}

/** The options of a loop, with `instead` in place of the recorded policies; null: none. */
export function pilotOf(
  { loop, policies: recorded }: RecordedConfiguration,
  instead: { readonly [Kind in PolicyKind]?: string | undefined } = {},
): Omit<AutopilotOptions, 'journal' | 'signal' | 'ticks'> {
  const policy = <P>(kind: PolicyKind, table: PolicyTable<P>): P | undefined => {
    const name = instead[kind]
    if (name === 'none') return undefined
    const chosen = name === undefined ? recorded[kind] : { name, options: {} }
    if (!chosen) return undefined
    const known = table[chosen.name]
    if (!known) {
      throw new BallastError('ERR_RECORDING', `This Ballast has no ${kind} policy called ${chosen.name}`)
    }
    return known.create(chosen.options)
  }
  return {
    ...loop,
    scheduler: policy('scheduler', policies.scheduler),
    ballooning: policy('ballooning', policies.ballooning),
    ksm: policy('ksm', policies.ksm),
  }
}
