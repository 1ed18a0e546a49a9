import type { Order, OrderEvent } from '../../lib/fleet/bus/order.ts'
import { type HostReport, reportVersion } from '../../lib/fleet/report/host-report.ts'
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

export function reportOf(host: string, sequence: number): HostReport {
  return {
    version: reportVersion,
    host,
    name: `host-${host}`,
    instance: `instance-${host}`,
    sequence,
    wallTime: 1_000,
    interval: 10_000,
    software: { ballast: '0' },
    cpu: { pcpus: 4, capacity: 4, background: 0.1 },
    memory: { total: 8, budget: 6, committed: 1 },
    dryRun: false,
    guests: [],
    migrations: [],
    answers: { k1: true, k2: 'no such machine type' },
  }
}

export function orderOf(id: string, host: string): Order {
  return {
    id,
    fence: 1,
    host,
    kind: 'migrate',
    request: {
      guest: 'g',
      run: { id: 7, run: 'boot:1' },
      target: { host: 'z', reach: { uri: 'qemu+tls://z/system', bandwidth: 125e6 } },
      deadline: 60_000,
    },
    tick: 3,
    by: 'balance',
  }
}

export function eventOf(order: string, state: OrderEvent['state'], host = 'a'): OrderEvent {
  return { order, host, state }
}
