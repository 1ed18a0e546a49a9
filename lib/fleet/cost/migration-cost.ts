import type { StepCost } from '../plan/step.ts'
import type { FleetGuardReason } from '../reasons/guard.ts'
import type { FleetGuest, FleetHost } from '../view/fleet-view.ts'

/** Milliseconds that a guest may be paused at the end: QEMU's default. */
export const downtimeLimit = 300
/** Milliseconds that a migration takes beside the sending, and that a guest is paused beside it. */
export const setup = { duration: 1_500, downtime: 50 } as const
/** A guest that writes more than this part of what can be sent is not migrated: it would take more than ten times as long. */
export const mostDirty = 0.9
/** What a guest writes of the bandwidth, where its dirty rate was not measured. */
export const assumedDirty = 0.2
/** Milliseconds that a migration may take. */
export const longestMigration = 3_600_000
/** Of its time, what a guest loses while it migrates: for the tracking of its writes, and for each write that is tracked. */
const slowdown = { least: 0.05, byDirty: 0.4 } as const

/** What decides about a migration: bytes that are sent, and bytes per second that can be, and that the guest writes anew. */
export interface Sending {
  readonly memory: number
  readonly bandwidth: number
  readonly dirtyRate: number | undefined
}

/** Bytes per second from one host to another: what the slower gets. 0: one of them cannot be reached. */
export function bandwidthBetween(from: FleetHost, to: FleetHost): number {
  return Math.min(from.report.reach?.bandwidth ?? Number.POSITIVE_INFINITY, to.report.reach?.bandwidth ?? 0)
}

export function sendingOf({ report }: FleetGuest, from: FleetHost, to: FleetHost): Sending {
  const { actual, dirtyRate } = report.memory
  return { memory: actual, bandwidth: bandwidthBetween(from, to), dirtyRate }
}

/**
 * What a pre-copy migration takes. All memory is sent, then what was written meanwhile, again and again: with r = dirty rate /
 * bandwidth, each round sends r times what the one before did, until what is left can be sent while the guest is paused. After
 * n rounds, memory × (1 + r + r² + … + r^n) bytes are sent.
 */
export function migrationCost({ memory, bandwidth, dirtyRate }: Sending): StepCost {
  const ratio =
    bandwidth > 0 ? Math.min(mostDirty, (dirtyRate ?? assumedDirty * bandwidth) / bandwidth) : mostDirty
  const atOnce = (bandwidth * downtimeLimit) / 1_000
  const rounds = ratio > 0 && memory > atOnce ? Math.ceil(Math.log(atOnce / memory) / Math.log(ratio)) : 0
  const bytes = ratio < 1 ? (memory * (1 - ratio ** (rounds + 1))) / (1 - ratio) : memory
  const left = Math.min(memory * ratio ** rounds, atOnce)
  return {
    bytes,
    duration: setup.duration + (1_000 * bytes) / bandwidth,
    downtime: setup.downtime + (1_000 * left) / bandwidth,
    slowdown: slowdown.least + slowdown.byDirty * ratio,
  }
}

/** Why a migration is not worth beginning, since it would not end; undefined: it would. */
export function refusalOf(sending: Sending): FleetGuardReason | undefined {
  const { bandwidth, dirtyRate = 0 } = sending
  if (!(dirtyRate <= mostDirty * bandwidth) || bandwidth <= 0) {
    return { kind: 'never-converges', dirtyRate, bandwidth }
  }
  const { duration } = migrationCost(sending)
  return duration > longestMigration
    ? { kind: 'takes-too-long', duration, longest: longestMigration }
    : undefined
}
