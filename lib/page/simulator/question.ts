import type { PolicyKind } from '../../policies.ts'
import type { Plain } from '../../recording/plain.ts'

/** What is played. */
export type RecordedLoad =
  /** As the server fitted it: a load, what was measured, and the recorded configuration. */
  | { readonly kind: 'fitted'; readonly recorded: Plain }
  /** Entries of a recording, a line each, as a raw deflate stream, from a moment on; milliseconds since the epoch. */
  | { readonly kind: 'entries'; readonly body: ArrayBuffer; readonly from: number }

/** A policy by its name in the registry, with the options that were given. */
export interface AskedPolicy {
  readonly name: string
  readonly options: object
}

/** Policies in place of the recorded ones; null: none of that kind. */
export type AskedPolicies = { readonly [Kind in PolicyKind]?: AskedPolicy | null }

/** What the simulator is told, one after the other: it says what is wrong with policies before a load is fetched. */
export type SimulatorQuestion = { readonly instead: AskedPolicies } | { readonly load: RecordedLoad }

/** What it says, one after the other. */
export type SimulatorMessage =
  /** The policies are fine: the load is wanted. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly part: number }
  | {
      readonly kind: 'answer'
      /** Lines of cells; the first has the headings. */
      readonly cells: readonly (readonly string[])[]
      /** Milliseconds that were played. */
      readonly period: number
      /** By how much the simulation of the recorded policies misses what was measured, and what could not be fitted. */
      readonly notes: readonly string[]
    }
  | WrongAnswer
  | { readonly kind: 'failed'; readonly text: string }

/** A policy refused an option. */
export interface WrongAnswer {
  readonly kind: 'wrong'
  readonly policy: PolicyKind
  /** As a configuration file has it. */
  readonly option: string
  /** What it must be. */
  readonly expected: string
}
