import type { ReportBody } from '../report/host-facts.ts'
import type { GuestReport, MigrationReport } from '../report/host-report.ts'
import { overhead, type SimGuest, type SimHost, vcpusOf } from './hosts-and-guests.ts'
import type { World } from './world.ts'

/** Of what it does at once a simulated host knows all; of a guest that comes, what libvirt shows of it: that it does not run. */
export function simReport(
  world: World,
  host: SimHost,
  at: { readonly time: number; readonly wallTime: number; readonly interval: number },
  keyOf: (guest: SimGuest) => string,
): ReportBody {
  const { name, pcpus, background = 0, memory, dryRun = false } = host.scenario
  const { arriving } = host
  const isShort = neededOn(host) > host.budget
  return {
    host: host.uuid,
    name,
    wallTime: at.wallTime,
    interval: at.interval,
    software: { ballast: 'simulated' },
    reach: host.bandwidth > 0 ? { uri: `simulated://${name}`, bandwidth: host.bandwidth } : undefined,
    cpu: { pcpus, capacity: pcpus, background },
    memory: { total: memory, budget: host.budget, committed: Math.round(world.committed(host)) },
    dryRun,
    guests: [
      ...host.guests.map((guest) => guestReport(guest, true, isShort, keyOf)),
      ...arriving.map((guest) => guestReport(guest, false, isShort, keyOf)),
    ],
    migrations: [
      ...host.guests.flatMap((guest) => migrationReport(guest, 'out', at.time)),
      ...arriving.flatMap((guest) => migrationReport(guest, 'in', at.time)),
    ],
  }
}

function guestReport(
  guest: SimGuest,
  running: boolean,
  swapping: boolean,
  keyOf: (guest: SimGuest) => string,
): GuestReport {
  const { scenario, uuid, run, demand, delay, need, actual } = guest
  const vcpus = vcpusOf(guest)
  return {
    id: run,
    uuid,
    name: scenario.name,
    running,
    cpu: running ? { vcpus, demand, largest: demand / vcpus, usage: demand * (1 - delay), delay } : { vcpus },
    memory: {
      maximum: scenario.memory,
      actual,
      committed: actual,
      need,
      dirtyRate: scenario.dirtyRate,
      swapping,
    },
    requirement: keyOf(guest),
    stays: scenario.stays ?? [],
    labels: scenario.labels ?? [],
    priority: scenario.priority,
  }
}

/** Bytes that the guests of a host need, with what the hypervisor takes. */
function neededOn({ guests }: SimHost): number {
  return guests.reduce((sum, { need }) => sum + need + overhead, 0)
}

function migrationReport(
  { uuid, scenario, migration }: SimGuest,
  direction: 'in' | 'out',
  time: number,
): MigrationReport[] {
  if (!migration) return []
  const peer = (direction === 'out' ? migration.to : migration.from).uuid
  const { began, left } = migration
  return [{ guest: uuid, name: scenario.name, direction, peer, elapsed: time - began, memoryRemaining: left }]
}
