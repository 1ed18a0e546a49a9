import type { AgedReport } from '../../../lib/fleet/bus/fleet-bus.ts'
import type { GuestReport, HostReport } from '../../../lib/fleet/report/host-report.ts'
import type { FleetInput } from '../../../lib/fleet/view/fleet-input.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import type { FleetView } from '../../../lib/fleet/view/fleet-view.ts'
import { emptyMemory, fleetView } from '../../../lib/fleet/view/make-view.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

/** A guest of a made-up fleet; GiB and pCPUs. */
export interface GuestSketch {
  readonly name?: string
  readonly vcpus?: number
  /** Of all its vCPUs together. Default 0; `null`: not known. */
  readonly demand?: number | null
  readonly largest?: number
  readonly delay?: number
  /** Default 1. */
  readonly memory?: number
  readonly need?: number
  readonly overhead?: number
  readonly dirtyRate?: number
  readonly hugePages?: number
  readonly labels?: readonly string[]
  readonly stays?: readonly string[]
  readonly priority?: 1 | 2 | 3
  readonly requirement?: string | null
  readonly running?: boolean
}

export interface HostSketch {
  readonly name?: string
  /** Default 4. */
  readonly pcpus?: number
  /** Default 64. */
  readonly budget?: number
  /** Bytes per second. Default 1 GiB; 0: it cannot be reached. */
  readonly bandwidth?: number
  readonly answers?: HostReport['answers']
  readonly dryRun?: boolean
  readonly hugePagesFree?: number
  readonly migrations?: HostReport['migrations']
  readonly guests?: readonly GuestSketch[]
}

/** What every guest of a made-up fleet needs, unless it says otherwise. */
export const usualRequirement = 'usual'

export function uuidOf(kind: 'host' | 'guest', number: number): string {
  return `${kind === 'host' ? '1' : '2'}0000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** Reports of hosts `h0`, `h1`, …, with guests `g0`, `g1`, … over all of them. */
export function reportsOf(hosts: readonly HostSketch[]): HostReport[] {
  let guests = 0
  return hosts.map((sketch, row) => hostReport(sketch, row, () => guests++))
}

function hostReport(sketch: HostSketch, row: number, number: () => number): HostReport {
  const { pcpus = 4, budget = 64, bandwidth = GiB } = sketch
  const guests = (sketch.guests ?? []).map((guest) => guestReport(guest, number()))
  const committed = guests.reduce((sum, { memory }) => sum + memory.committed, 0)
  return {
    version: 1,
    host: uuidOf('host', row),
    name: sketch.name ?? `h${row}`,
    instance: `instance-${row}`,
    sequence: 1,
    wallTime: 0,
    interval: 10_000,
    software: { ballast: '0.1.0' },
    ...(bandwidth > 0 ? { reach: { uri: `qemu+tls://h${row}/system`, bandwidth } } : {}),
    cpu: { pcpus, capacity: pcpus, background: 0 },
    memory: {
      total: budget * GiB,
      budget: budget * GiB,
      committed,
      hugePagesFree: (sketch.hugePagesFree ?? 0) * GiB,
    },
    dryRun: sketch.dryRun ?? false,
    guests,
    migrations: sketch.migrations ?? [],
    answers: sketch.answers ?? { [usualRequirement]: true },
  }
}

function guestReport(sketch: GuestSketch, number: number): GuestReport {
  const { vcpus = 1, demand = 0, memory = 1, requirement = usualRequirement } = sketch
  const bytes = memory * GiB
  return {
    uuid: uuidOf('guest', number),
    name: sketch.name ?? `g${number}`,
    id: number + 1,
    running: sketch.running ?? true,
    cpu: {
      vcpus,
      ...(demand === null ? {} : { demand, largest: sketch.largest ?? demand / vcpus, usage: demand }),
      delay: sketch.delay,
    },
    memory: {
      maximum: bytes,
      actual: bytes,
      committed: bytes + 64 * MiB,
      need: sketch.need === undefined ? undefined : sketch.need * GiB,
      overhead: sketch.overhead === undefined ? undefined : sketch.overhead * GiB,
      dirtyRate: sketch.dirtyRate,
      hugePages: sketch.hugePages === undefined ? undefined : sketch.hugePages * GiB,
    },
    requirement: requirement ?? undefined,
    stays: sketch.stays ?? [],
    labels: sketch.labels ?? [],
    priority: sketch.priority,
  }
}

export function aged(reports: readonly HostReport[], age = 0): AgedReport[] {
  return reports.map((report) => ({ report, age }))
}

export function inputOf(hosts: readonly HostSketch[], more: Partial<FleetInput> = {}): FleetInput {
  return {
    time: 0,
    wallTime: Date.UTC(2026, 0, 1),
    reports: aged(reportsOf(hosts)),
    rules: {},
    settings: { draining: {} },
    open: [],
    past: [],
    ...more,
  }
}

/** The view of a fleet that was never seen before. */
export function viewOf(
  hosts: readonly HostSketch[],
  rules: FleetRules = {},
  more: Partial<FleetInput> = {},
): FleetView {
  return fleetView(inputOf(hosts, { rules, ...more }), emptyMemory).view
}
