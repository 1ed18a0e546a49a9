/**
 * What the fleet's owner says, in the configuration file or to `fleetAutopilot`. Guests are named by globs over names,
 * or `label:NAME`.
 */
export interface FleetRules {
  /** Guests that are to be on one host. */
  readonly together?: readonly GroupRule[] | undefined
  /** Guests of which no two are to be on one host. */
  readonly apart?: readonly GroupRule[] | undefined
  /** Guests that may only be on these hosts, by name or UUID. */
  readonly pinned?: readonly { readonly guests: string; readonly hosts: readonly string[] }[] | undefined
  /** Guests that never move. */
  readonly never?: readonly string[] | undefined
  /** When guests may be moved, as local hours such as `22:00-06:00`. Default: always. */
  readonly hours?: readonly string[] | undefined
  /** Migrations at once: from one host, to one host, and in all. Defaults 1, 1, 2. */
  readonly parallel?:
    | {
        readonly out?: number | undefined
        readonly in?: number | undefined
        readonly all?: number | undefined
      }
    | undefined
  /** Keep so much free that the guests of the largest host fit on the others. Default false. */
  readonly surviveHost?: boolean | undefined
}

export interface GroupRule {
  readonly guests: string
  /** Soft: it is broken where nothing else helps, and said. Default true. */
  readonly hard?: boolean | undefined
}
