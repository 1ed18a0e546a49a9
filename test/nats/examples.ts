import type { Order, OrderEvent } from '../../lib/fleet/bus/order.ts'
import { type GuestReport, type HostReport, reportVersion } from '../../lib/fleet/report/host-report.ts'
import type { GuestRequirement } from '../../lib/host/migration.ts'

export const requirement: GuestRequirement = {
  architecture: 'x86_64',
  machine: 'pc-q35-7.2',
  cpu: "<cpu mode='custom'><model>Nehalem</model></cpu>",
  storage: ['/srv/a.qcow2'],
  networks: ['bridge:br0'],
  hugePages: 0,
  immovable: [],
}

export function reportOf(host: string, guests: readonly GuestReport[] = []): HostReport {
  return {
    version: reportVersion,
    host,
    name: `host-${host}`,
    instance: `instance-${host}`,
    sequence: 0,
    wallTime: 1_000,
    interval: 10_000,
    software: { ballast: '0' },
    cpu: { pcpus: 4, capacity: 4, background: 0.1 },
    memory: { total: 8, budget: 6, committed: 1 },
    dryRun: false,
    guests,
    migrations: [],
    answers: {},
  }
}

export function orderOf(id: string, host: string): Order {
  return { id, fence: 1, host, kind: 'abort', of: '0', tick: 3, by: 'balance' }
}

export function eventOf(order: string, host: string, state: OrderEvent['state']): OrderEvent {
  return { order, host, state }
}
