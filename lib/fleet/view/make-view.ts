import { domainOverhead } from '../../control/defaults.ts'
import { compareText } from '../../util/compare-text.ts'
import type { AgedReport } from '../bus/fleet-bus.ts'
import type { StayReason } from '../reasons/stay.ts'
import { type GuestReport, type HostReport, reportVersion } from '../report/host-report.ts'
import { pausesOf } from './cool-down.ts'
import { type Expected, expected } from './expected.ts'
import type { FleetInput } from './fleet-input.ts'
import type { FleetGuest, FleetHost, FleetMigration, FleetView, HostHold } from './fleet-view.ts'
import { guestMatcher } from './guest-matcher.ts'
import { migrationsOf } from './in-flight.ts'
import { type Instances, sighted } from './instances.ts'
import { problemsOf } from './rule-problems.ts'
import { type Smoothed, smooth } from './smoothing.ts'

/** What is remembered from one view to the next; {@link emptyMemory} is the first. */
export interface FleetMemory {
  readonly instances: ReadonlyMap<string, Instances>
  readonly guests: ReadonlyMap<string, GuestMemory>
}

interface GuestMemory {
  /** UUID of the host that it ran on. */
  readonly host: string
  readonly demand: Expected | undefined
  readonly largest: Expected | undefined
  /** Its delay there. */
  readonly delay: Smoothed | undefined
}

export const emptyMemory: FleetMemory = { instances: new Map(), guests: new Map() }

/** A report is stale when it is older than so many of its intervals. */
const staleIntervals = 3

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Host = Writable<FleetHost>
type Guest = Writable<FleetGuest>

/** The fleet as its policies see it; pure: what is remembered goes in and comes out. */
export function fleetView(
  input: FleetInput,
  memory: FleetMemory,
): { readonly view: FleetView; readonly memory: FleetMemory } {
  const { time, wallTime, rules, settings, past } = input
  const instances = sighted(memory.instances, input.reports, time)
  const reports = youngest(input.reports)
  const migrations = migrationsOf(reports, input.open, past, wallTime)
  const hosts = reports.map(({ report, age }, row): Host => {
    const { cpu, memory: held } = report
    return {
      uuid: report.host,
      name: report.name,
      row,
      report,
      age,
      hold: holdOf(
        report,
        age,
        instances.get(report.host)?.isDuplicate ?? false,
        report.host in settings.draining,
      ),
      capacity: Math.max(0, cpu.capacity - cpu.background),
      demand: 0,
      delay: undefined,
      budget: held.budget,
      committed: held.committed,
      arriving: 0,
      guests: [],
    }
  })
  const byUuid = new Map(hosts.map((host) => [host.uuid, host]))
  const homes = homesOf(hosts)
  const pauses = pausesOf(past, wallTime)
  const nevers = (rules.never ?? []).map((rule) => ({ rule, matches: guestMatcher(rule) }))
  const guests: Guest[] = []
  const remembered = new Map<string, GuestMemory>()
  for (const host of hosts) {
    const own: Guest[] = []
    for (const report of host.report.guests) {
      const home = homes.get(report.uuid)
      if (home?.host !== host || home.report !== report) continue
      const before = memory.guests.get(report.uuid)
      const demand = expected(before?.demand, report.cpu.demand, time)
      const largest = expected(before?.largest, report.cpu.largest, time)
      const delay = smooth(before?.host === host.uuid ? before.delay : undefined, report.cpu.delay, time)
      remembered.set(report.uuid, { host: host.uuid, demand, largest, delay })
      const migration = migrations.get(report.uuid)
      const guest: Guest = {
        uuid: report.uuid,
        name: report.name,
        row: guests.length,
        host,
        goingTo:
          migration?.to === undefined || migration.to === host.uuid ? undefined : byUuid.get(migration.to),
        report,
        demand: demand?.value,
        largest: largest?.value,
        swing: demand?.swing,
        memory: memoryOf(report),
        stays: [],
      }
      const why: StayReason[] = [...staysOf(report, migration, guest.goingTo)]
      if (home.other) why.push({ kind: 'reported-twice', other: home.other.name })
      for (const { rule, matches } of nevers) if (matches(guest)) why.push({ kind: 'stays-by-rule', rule })
      why.push(...(pauses.get(report.uuid) ?? []))
      guest.stays = why
      if (guest.goingTo && !guest.goingTo.report.guests.some(({ uuid }) => uuid === report.uuid)) {
        byUuid.get(guest.goingTo.uuid)!.arriving += guest.memory
      }
      host.demand += guest.demand ?? 0
      if (delay && (host.delay === undefined || delay.value > host.delay)) host.delay = delay.value
      own.push(guest)
      guests.push(guest)
    }
    host.guests = own
  }
  const names = new Map(guests.map(({ uuid, name }) => [uuid, name]))
  const view: Omit<FleetView, 'problems'> = {
    time,
    wallTime,
    hosts,
    guests,
    rules,
    migrations: [...migrations.values()].map((one) => ({ ...one, name: names.get(one.guest) ?? one.name })),
    paused: settings.paused?.by,
  }
  return { view: { ...view, problems: problemsOf(view) }, memory: { instances, guests: remembered } }
}

/** One report for each host, in the order of names: of two, the younger. */
function youngest(reports: readonly AgedReport[]): AgedReport[] {
  const byHost = new Map<string, AgedReport>()
  for (const one of reports) {
    const other = byHost.get(one.report.host)
    if (!other || one.age < other.age) byHost.set(one.report.host, one)
  }
  return [...byHost.values()].sort(
    (a, b) => compareText(a.report.name, b.report.name) || compareText(a.report.host, b.report.host),
  )
}

function holdOf(
  report: HostReport,
  age: number,
  isDuplicate: boolean,
  drains: boolean,
): HostHold | undefined {
  if (report.version > reportVersion) return 'newer'
  if (isDuplicate || report.duplicate) return 'duplicate'
  if (age > staleIntervals * report.interval) return 'stale'
  if (report.dryRun) return 'dry run'
  if (drains) return 'maintenance'
  return report.reach === undefined ? 'unreachable' : undefined
}

interface Home {
  readonly host: FleetHost
  readonly report: GuestReport
  /** Another host that says the guest runs there. */
  readonly other: FleetHost | undefined
}

/**
 * By guest, the host that it is on. During a migration both have it, and the target's does not run; after it, the source's
 * report may still be the old one.
 */
function homesOf(hosts: readonly FleetHost[]): ReadonlyMap<string, Home> {
  const homes = new Map<string, Home>()
  for (const host of hosts) {
    for (const report of host.report.guests) {
      const before = homes.get(report.uuid)
      if (!before) {
        homes.set(report.uuid, { host, report, other: undefined })
        continue
      }
      const bothRun = report.running && before.report.running
      const wins = report.running === before.report.running ? host.age < before.host.age : report.running
      if (wins) homes.set(report.uuid, { host, report, other: bothRun ? before.host : undefined })
      else if (bothRun) homes.set(report.uuid, { ...before, other: host })
    }
  }
  return homes
}

function memoryOf({ memory }: GuestReport): number {
  const { committed, need = 0, hugePages = 0 } = memory
  return Math.max(committed, need - hugePages) + domainOverhead
}

function staysOf(
  { running, stays, requirement }: GuestReport,
  migration: FleetMigration | undefined,
  goingTo: FleetHost | undefined,
): StayReason[] {
  const reasons: StayReason[] = stays.map((why) => ({ kind: 'stays-by-itself', why }))
  if (!running) reasons.push({ kind: 'not-running' })
  if (migration?.isForeign) reasons.push({ kind: 'migrating-externally' })
  else if (migration) reasons.push({ kind: 'migrating', to: goingTo?.name })
  if (requirement === undefined) reasons.push({ kind: 'requirement-unknown' })
  return reasons
}
