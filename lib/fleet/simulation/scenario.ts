/**
 * What a simulated fleet is, and what happens to it: plain data that can be kept as JSON. Times are milliseconds since the
 * start, sizes bytes, CPU pCPUs. docs/fleet-simulation.md has the formulas.
 */
export interface FleetScenario {
  /** The same scenario and seed give the same fleet, to the bit. Default 1. */
  readonly seed?: number | undefined
  /** Milliseconds from one report, and one round, to the next. Default 10,000. */
  readonly interval?: number | undefined
  readonly hosts: readonly FleetHostScenario[]
  readonly guests: readonly FleetGuestScenario[]
  /** What happens later; in any order. */
  readonly changes?: readonly FleetChange[] | undefined
  /** Part of the migrations that fail half-way, drawn from the seed. Default 0. */
  readonly failures?: number | undefined
}

export interface FleetHostScenario {
  /** Unique. */
  readonly name: string
  readonly pcpus: number
  readonly memory: number
  /** What guests may not hold of it. Default: a tenth. */
  readonly reserve?: number | undefined
  /** pCPUs that other work than guests takes. Default 0. */
  readonly background?: number | undefined
  /** Bytes per second for one migration; `false`: nobody can reach it. Default 1.25e9, which is 10 Gbit/s. */
  readonly bandwidth?: number | false | undefined
  /** Its Ballast only watches. Default false. */
  readonly dryRun?: boolean | undefined
  /** Whether its agent asks for the lease. Default: the first host's alone does. */
  readonly mayLead?: boolean | undefined
  /** Machine types that it cannot run, with why. Default: none. */
  readonly cannotRun?: Readonly<Record<string, string>> | undefined
  /** Milliseconds that its wall clock is ahead. Default 0. */
  readonly clockAhead?: number | undefined
}

export interface FleetGuestScenario {
  /** Unique. */
  readonly name: string
  /** Name of the host that it begins on; undefined: it does not run before a change starts it. */
  readonly host?: string | undefined
  /** Default 2. */
  readonly vcpus?: number | undefined
  readonly demand: Demand
  /** What it may have at most. */
  readonly memory: number
  /** What it needs of it; with a balloon it has a fifth more. Default: all of it. */
  readonly need?: number | undefined
  /** Bytes per second that it writes anew. Default 20e6. */
  readonly dirtyRate?: number | undefined
  readonly labels?: readonly string[] | undefined
  /** Why it cannot move. Default: it can. */
  readonly stays?: readonly string[] | undefined
  readonly priority?: 1 | 2 | 3 | undefined
  /** Its machine type. Default `pc`. */
  readonly machine?: string | undefined
}

/** What all vCPUs of a guest want together, of which each wants the same. */
export type Demand =
  | { readonly kind: 'steady'; readonly demand: number }
  /**
   * Drawn anew each interval: `keeps` (0 to 1, default 0.9) of the distance from the mean is kept; `spread` is the
   * standard deviation.
   */
  | {
      readonly kind: 'random'
      readonly mean: number
      readonly spread: number
      readonly keeps?: number | undefined
    }
  /** A sine around the mean. `at`: where in its period it begins, 0 to 1. Default 0. */
  | {
      readonly kind: 'wave'
      readonly mean: number
      readonly height: number
      readonly period: number
      readonly at?: number | undefined
    }
  /** `high` for a part of each period, `low` for the rest. */
  | {
      readonly kind: 'bursts'
      readonly low: number
      readonly high: number
      readonly period: number
      readonly part: number
      readonly at?: number | undefined
    }

export type FleetChange = { readonly at: number } & (
  | { readonly kind: 'demand'; readonly guest: string; readonly demand: Demand }
  | { readonly kind: 'need'; readonly guest: string; readonly need: number }
  | { readonly kind: 'start'; readonly guest: string; readonly host: string }
  | { readonly kind: 'stop'; readonly guest: string }
  /** The next migration of this guest fails, never converges, or is lost sight of: done or not, nobody hears of it. */
  | { readonly kind: 'trouble'; readonly guest: string; readonly with: 'failure' | 'no end' | 'connection' }
  /** Another program, or a person, migrates it. */
  | { readonly kind: 'migrate'; readonly guest: string; readonly to: string }
  /** The process that reports, takes orders and perhaps leads is killed, or started again. */
  | { readonly kind: 'kill' | 'restart'; readonly host: string }
  /** A host is cut off from the bus, or reaches it again; without a name all are. */
  | { readonly kind: 'cut' | 'mend'; readonly host?: string | undefined }
  | { readonly kind: 'drain' | 'undrain'; readonly host: string }
  | { readonly kind: 'pause' | 'go on' }
  /** Somebody asks for a migration by `ballast fleet move`. */
  | { readonly kind: 'move'; readonly guest: string; readonly to: string }
)
