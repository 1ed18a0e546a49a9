import { fleetSentenceOf } from '../../fleet/reasons/fleet-reasons.ts'
import { inTime } from '../../fleet/reasons/words.ts'
import type { FleetHost, FleetMigration, FleetView } from '../../fleet/view/fleet-view.ts'
import { displayWidth } from '../../util/display-width.ts'
import { counted, formatBytesOf, formatPercent } from '../../util/format.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, writeLines } from '../context.ts'
import { fleetOf, openBus, type PresentFleet, presentFleet } from './ask.ts'
import { namesOf } from './names.ts'
import type { FleetOptions } from './options.ts'

/** `ballast fleet status` */
export async function fleetStatus(context: CliContext, options: FleetOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const present = await presentFleet(bus, fleet.rules)
  const { fleet: name = 'default' } = fleet.nats
  writeLines(
    context,
    options.json
      ? [printableJson(JSON.stringify(statusRecord(name, present)))]
      : statusLines(name, present).map(printable),
  )
}

function statusRecord(name: string, { view, lease, settings, open }: PresentFleet): object {
  const { hosts, migrations, problems } = view
  return {
    fleet: name,
    leader: lease,
    paused: settings.paused,
    draining: settings.draining,
    hosts: hosts.map(
      ({ uuid, name, hold, age, capacity, demand, delay, budget, committed, guests, report }) => ({
        uuid,
        name,
        hold,
        age,
        capacity,
        demand,
        delay,
        budget,
        committed,
        ballast: report.software.ballast,
        guests: guests.map((guest) => ({
          uuid: guest.uuid,
          name: guest.name,
          demand: guest.demand,
          swing: guest.swing,
          memory: guest.memory,
          stays: guest.stays.map((reason) => ({ ...reason, text: fleetSentenceOf(reason) })),
        })),
      }),
    ),
    migrations,
    orders: open,
    problems: problems.map(({ reason }) => ({ ...reason, text: fleetSentenceOf(reason) })),
  }
}

function statusLines(name: string, present: PresentFleet): string[] {
  const { view, lease, settings } = present
  const { hosts, guests, migrations, problems } = view
  const names = namesOf(hosts)
  const leader = lease && (names.get(lease.host) ?? lease.name ?? lease.host)
  const { paused } = settings
  return [
    `fleet ${name}: ${counted(hosts.length, 'host')}, ${counted(guests.length, 'guest')}, ` +
      `${leader ? `led by ${leader}` : 'led by nobody'}${paused ? `, paused by ${paused.by}` : ''}`,
    ...table(hosts, names, lease?.host),
    ...migrations.map((one) => migrationLine(one, view, names)),
    ...Object.keys(settings.draining)
      .filter((uuid) => !hosts.some((host) => host.uuid === uuid))
      .map((uuid) => `${uuid} is to be empty, and does not report`),
    ...problems.map(({ reason }) => `rules: ${fleetSentenceOf(reason)}`),
  ]
}

function table(
  hosts: readonly FleetHost[],
  names: ReadonlyMap<string, string>,
  leader: string | undefined,
): string[] {
  if (hosts.length === 0) return ['no host reports']
  const rows = hosts.map((host) => [
    names.get(host.uuid)!,
    formatPercent(host.capacity > 0 ? host.demand / host.capacity : 0),
    host.delay === undefined ? '-' : formatPercent(host.delay),
    formatBytesOf(host.committed, host.budget),
    String(host.guests.length),
    `${Math.round(host.age / 1_000)} s`,
    [host.uuid === leader ? 'leads' : '', host.hold ?? ''].filter((text) => text !== '').join(', '),
  ])
  const head = ['HOST', 'LOAD', 'DELAY', 'MEMORY', 'GUESTS', 'AGE', '']
  const widths = head.map((text, i) =>
    Math.max(...[head, ...rows].map((row) => displayWidth(row[i] ?? text))),
  )
  return [head, ...rows].map((row) =>
    row
      .map((text, i) => {
        const space = ' '.repeat(widths[i]! - displayWidth(text))
        return i === 0 || i === row.length - 1 ? text + space : space + text
      })
      .join('  ')
      .trimEnd(),
  )
}

function migrationLine(
  { name, from, to, isForeign }: FleetMigration,
  { hosts }: FleetView,
  names: ReadonlyMap<string, string>,
): string {
  const nameOf = (uuid = '?') => names.get(uuid) ?? uuid
  const report = hosts
    .flatMap((host) => host.report.migrations)
    .find((migration) => migration.name === name && migration.direction === 'out')
  const since = report ? `, for ${inTime(report.elapsed)}` : ''
  return `${name}: ${nameOf(from)} -> ${nameOf(to)}${since}${isForeign ? ', by another program' : ''}`
}
