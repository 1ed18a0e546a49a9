/** The fields of `T` that are known. */
export type Known<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

/** The fields that are known: neither undefined nor a number that is not finite. */
export function known<T extends object>(fields: T): OmitUndefined<T> {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== undefined && (typeof value !== 'number' || Number.isFinite(value)),
  )
  return Object.fromEntries(entries) as OmitUndefined<T>
}

/** `T` with what may be undefined made optional instead. */
type OmitUndefined<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
