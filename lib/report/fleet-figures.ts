/** What a host knows of its fleet. */
export interface FleetFigures {
  /** Name of the fleet. */
  readonly fleet: string
  /** Whether it reaches what the fleet shares. */
  readonly connected: boolean
  readonly leading: boolean
  /** Whether anybody leads, as the host saw last; undefined: it does not know. */
  readonly led?: boolean | undefined
  /** Who leads, by name where that is known; undefined: nobody, or it is not known. */
  readonly leader?: string | undefined
  /** Orders to this host that are over, since the start, by how they ended. */
  readonly orders: Readonly<Record<(typeof orderEnds)[number], number>>
  /** Steps of the rounds that this host led, since the start, by what became of them. */
  readonly steps: Readonly<Record<(typeof stepResults)[number], number>>
  /** The last round, while this host leads. */
  readonly round?: FleetRound | undefined
}

export interface FleetRound {
  readonly hosts: readonly FleetHostFigures[]
  /** Under way, whoever began them. */
  readonly migrations: readonly FleetMigrationFigures[]
  /** The last steps that this host ordered, or denied, as leader: the latest first. */
  readonly steps: readonly FleetStepFigures[]
  /** Those to come. */
  readonly planned: FleetPlannedSteps
  /** The round in one line. */
  readonly summary: string
}

export interface FleetPlannedSteps {
  readonly steps: readonly FleetStepFigures[]
  /** How many there are beside them. */
  readonly more: number
}

/** One migration that the leader wants. Delays: of the worst-served vCPU of both its hosts, 0 to 1; undefined: not known. */
export interface FleetStepFigures {
  /** When it was ordered or denied, in milliseconds since the epoch; undefined: not yet. */
  readonly wallTime?: number | undefined
  /** Names. */
  readonly guest: string
  readonly from: string
  readonly to: string
  readonly state: 'planned' | 'under way' | Exclude<(typeof stepResults)[number], 'ordered'>
  /** Why, in words. */
  readonly reason: string
  /** Why it was denied, or failed. */
  readonly problem?: string | undefined
  /** When it was ordered, afterwards as it was predicted, and afterwards as it came. */
  readonly before?: number | undefined
  readonly predicted?: number | undefined
  readonly seen?: number | undefined
}

/** Names; undefined: not known. */
export interface FleetMigrationFigures {
  readonly guest: string
  readonly from: string | undefined
  readonly to: string | undefined
  /** Whether another program began it. */
  readonly isForeign: boolean
}

/** Bytes; load: demand by capacity; delay: of the worst-served vCPU, 0 to 1. */
export interface FleetHostFigures {
  readonly name: string
  readonly load: number | undefined
  readonly delay: number | undefined
  readonly committed: number
  readonly budget: number
  readonly guests: number
  /** Why nothing moves from or to it. */
  readonly hold: string | undefined
}

export const orderEnds = ['done', 'failed', 'refused'] as const
export const stepResults = ['ordered', 'denied', 'done', 'failed', 'helped', 'no-help', 'harm'] as const
