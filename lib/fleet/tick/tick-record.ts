import type { FleetGuest, FleetHost, FleetView } from '../view/fleet-view.ts'
import type { FleetTick } from './fleet-tick.ts'

/** A FleetTick as JSON has it: hosts and guests name each other by their rows. */
export interface FleetTickRecord extends Omit<FleetTick, 'view'> {
  /** Undefined: it was left out, as in the history that a fleet keeps on its bus. */
  readonly view?: FleetViewRecord | undefined
}

export interface FleetViewRecord extends Omit<FleetView, 'hosts' | 'guests'> {
  readonly hosts: readonly Omit<FleetHost, 'guests' | 'row'>[]
  readonly guests: readonly FleetGuestRecord[]
}

/** `host`, `goingTo`: rows of hosts; `report`: index among the guests of the host's report. */
export interface FleetGuestRecord
  extends Omit<FleetGuest, 'uuid' | 'name' | 'row' | 'host' | 'goingTo' | 'report'> {
  readonly host: number
  readonly goingTo?: number | undefined
  readonly report: number
}

/** One line of JSON, without the line break: {@link readFleetTick} gives the same tick. */
export function fleetTickJson(tick: FleetTick): string {
  return JSON.stringify(fleetTickRecord(tick))
}

export function fleetTickRecord(tick: FleetTick): FleetTickRecord {
  return { ...tick, view: viewRecord(tick.view) }
}

/** What is kept of a tick where its view would be too much. */
export function historyRecord({ view, ...tick }: FleetTick): FleetTickRecord {
  return tick
}

/** The tick of a line that {@link fleetTickJson} made, or of the object that it parses to. It must have its view. */
export function readFleetTick(line: string | FleetTickRecord): FleetTick {
  const { view, ...tick }: FleetTickRecord = typeof line === 'string' ? JSON.parse(line) : line
  if (view === undefined) throw new TypeError('Expected a fleet tick with its view, got one of the history')
  return { ...tick, view: viewOf(view) }
}

function viewRecord({ hosts, guests, ...view }: FleetView): FleetViewRecord {
  return {
    ...view,
    hosts: hosts.map(({ guests, row, ...host }) => host),
    guests: guests.map(({ uuid, name, row, host, goingTo, report, ...guest }) => ({
      ...guest,
      host: host.row,
      goingTo: goingTo?.row,
      report: host.report.guests.indexOf(report),
    })),
  }
}

function viewOf({ hosts: hostRecords, guests: guestRecords, ...view }: FleetViewRecord): FleetView {
  const own: FleetGuest[][] = hostRecords.map(() => [])
  const hosts = hostRecords.map((host, row): FleetHost => ({ ...host, row, guests: own[row]! }))
  const guests = guestRecords.map(({ host: at, goingTo, report: index, ...guest }, row): FleetGuest => {
    const host = hosts[at]!
    const report = host.report.guests[index]!
    const { uuid, name } = report
    const linked = { ...guest, uuid, name, row, host, report }
    const made = { ...linked, goingTo: goingTo === undefined ? undefined : hosts[goingTo] }
    own[at]!.push(made)
    return made
  })
  return { ...view, hosts, guests }
}
