import { type FleetFigures, type FleetHostFigures, orderEnds, stepResults } from '../fleet-figures.ts'
import { type Families, type Family, flag, plain } from './family.ts'

/** Made anew at each scrape, of a host that is a member of a fleet. */
export const fleetMetrics: Families<FleetFigures> = {
  ballast_fleet_connected: plain(
    'gauge',
    '1 while the host reaches the NATS of its fleet, else 0.',
    (figures) => flag(figures.connected),
  ),
  ballast_fleet_leading: plain('gauge', '1 while the host leads its fleet, else 0.', ({ leading }) =>
    flag(leading),
  ),
  ballast_fleet_led: {
    type: 'gauge',
    help: '1 while the host sees that somebody leads its fleet, 0 while nobody does; left out while it cannot see it.',
    labels: ['fleet'],
    series({ fleet, led }, add) {
      add({ fleet }, led === undefined ? undefined : flag(led))
    },
  },
  ballast_fleet_orders_total: {
    type: 'counter',
    help: 'Orders to this host that are over, by how they ended.',
    labels: ['state'],
    series({ orders }, add) {
      for (const state of orderEnds) add({ state }, orders[state])
    },
  },
  ballast_fleet_steps_total: {
    type: 'counter',
    help: 'Migrations that this host ordered or denied as the leader, and what came of them.',
    labels: ['result'],
    series({ steps }, add) {
      for (const result of stepResults) add({ result }, steps[result])
    },
  },
  ballast_fleet_migrations: plain(
    'gauge',
    'Migrations under way in the fleet; of the leader alone, as all that follows.',
    ({ round }) => round?.migrations.length,
  ),
  ballast_fleet_host_load_ratio: ofHost(
    'Demand of the guests of a host, in parts of its pCPUs.',
    ({ load }) => load,
  ),
  ballast_fleet_host_delay_ratio: ofHost(
    'Delay of the worst-served vCPU of a host: part of the time that it waits for a pCPU.',
    ({ delay }) => delay,
  ),
  ballast_fleet_host_committed_bytes: ofHost(
    'Memory that the guests of a host hold or were granted.',
    ({ committed }) => committed,
  ),
  ballast_fleet_host_budget_bytes: ofHost(
    'Memory that the guests of a host may hold.',
    ({ budget }) => budget,
  ),
  ballast_fleet_host_guests: ofHost('Guests of a host.', ({ guests }) => guests),
  ballast_fleet_host_held: {
    type: 'gauge',
    help: '1 for a host that nothing moves from or to, with why.',
    labels: ['host', 'reason'],
    series({ round }, add) {
      for (const { name, hold } of round?.hosts ?? [])
        if (hold !== undefined) add({ host: name, reason: hold }, 1)
    },
  },
}

function ofHost(help: string, value: (host: FleetHostFigures) => number | undefined): Family<FleetFigures> {
  return {
    type: 'gauge',
    help,
    labels: ['host'],
    series({ round }, add) {
      for (const host of round?.hosts ?? []) add({ host: host.name }, value(host))
    },
  }
}
