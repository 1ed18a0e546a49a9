export interface Target {
  readonly arch: string
  readonly libc: 'glibc' | 'musl'
  /** Relative to the checkout. */
  readonly file: string
}

/** Names of each architecture, by Node's. */
export const architectures: Readonly<
  Record<string, { readonly debian: string; readonly cpu: string; readonly compiler: string }>
>

/** What a release has prebuilt addons for. */
export const targets: readonly Target[]

/** The target of this machine; undefined: none. */
export function ownTarget(): Target | undefined
