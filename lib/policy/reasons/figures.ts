import type { CpuSet } from '../../host/cpuset.ts'

/** What a figure of a reason may be, by the name of its unit, and the type that it has. */
export interface Units {
  /** Part of a whole, mostly of the time: 0 to 1. */
  readonly fraction: number
  /** Load or demand, in pCPUs: 0.5 is half of one. */
  readonly load: number
  readonly bytes: number
  readonly 'bytes/s': number
  /** Milliseconds. */
  readonly ms: number
  /** So many per second. */
  readonly '1/s': number
  /** A plain number: of things, or of shares. */
  readonly number: number
  /** Number of a pCPU of the host. */
  readonly pcpu: number
  /** Number of a vCPU within its domain. */
  readonly vcpu: number
  /** A set of pCPUs; in JSON a list such as `0-3,8`. */
  readonly cpus: CpuSet
  /** Words of another program, or a name. */
  readonly text: string
  readonly flag: boolean
}

export type Unit = keyof Units
/** The unit of a figure; with a question mark where it is left out when it is not known. */
export type FigureUnit = Unit | `${Unit}?`
/** The figures of one kind of reason, by name. */
export type FigureUnits = Readonly<Record<string, FigureUnit>>

/** The figures themselves. */
export type FiguresOf<F extends FigureUnits> = {
  readonly [N in keyof F as F[N] extends Unit ? N : never]: F[N] extends Unit ? Units[F[N]] : never
} & {
  readonly [N in keyof F as F[N] extends Unit ? never : N]?:
    | (F[N] extends `${infer U extends Unit}?` ? Units[U] : never)
    | undefined
}

/** One kind of reason: its figures with their units, and the only place that makes a sentence of them. */
export interface ReasonDefinition<F extends FigureUnits = FigureUnits> {
  readonly figures: F
  sentence(figures: FiguresOf<F>): string
}

/** Kinds of reasons by name. */
export type ReasonTable = Readonly<Record<string, { readonly figures: FigureUnits }>>

/** The reasons of a table: objects with `kind` and the figures of that kind. */
export type ReasonsIn<T extends ReasonTable> = {
  readonly [K in keyof T & string]: { readonly kind: K } & FiguresOf<T[K]['figures']>
}[keyof T & string]

/** One kind of reason, from its figures and the sentence that they make. */
export function define<const F extends FigureUnits>(
  figures: F,
  sentence: (figures: FiguresOf<F>) => string,
): ReasonDefinition<F> {
  return { figures, sentence }
}

/** A kind of reason that has no figures. */
export function plain(sentence: string): ReasonDefinition<Record<never, never>> {
  return { figures: {}, sentence: () => sentence }
}
