import { fleetSentenceOf } from '../../fleet/reasons/fleet-reasons.ts'
import type { FleetTickRecord } from '../../fleet/tick/tick-record.ts'
import { whyGuest } from '../../fleet/tick/why-guest.ts'
import { timeText } from '../../recording/text.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { fleetOf, openBus, presentFleet } from './ask.ts'
import type { PastOptions } from './options.ts'

const day = 86_400_000

/** `ballast fleet why GUEST` */
export async function fleetWhy(context: CliContext, guest: string, options: PastOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const since = Date.now() - (options.since ?? day)
  const ticks: FleetTickRecord[] = []
  for await (const tick of bus.history(since)) ticks.push(tick as FleetTickRecord)
  const { view } = await presentFleet(bus, fleet.rules)
  const present = view.guests.filter(({ uuid, name }) => uuid === guest.toLowerCase() || name === guest)
  if (present.length > 1) {
    const uuids = present.map(({ uuid, host }) => `${uuid} on ${host.name}`).join(', ')
    throw new UsageError(`${present.length} guests are called ${JSON.stringify(guest)}: ${uuids}`)
  }
  const [found] = present
  const events = whyGuest(ticks, found?.uuid ?? guest)
  if (!found && events.length === 0) {
    throw new UsageError(`no guest ${JSON.stringify(guest)} reports, and the history has none; see --since`)
  }
  const stays = found?.stays ?? []
  if (options.json) {
    const now = found && {
      uuid: found.uuid,
      name: found.name,
      host: found.host.name,
      stays: stays.map((reason) => ({ ...reason, text: fleetSentenceOf(reason) })),
    }
    writeLines(context, [printableJson(JSON.stringify({ events, now }))])
    return
  }
  const last = ticks.at(-1)
  writeLines(
    context,
    [
      ...events.map(({ wallTime, text }) => `${timeText(wallTime)}  ${text}`),
      ...(found ? [`now: on ${found.host.name}${staysText(stays.map(fleetSentenceOf))}`] : []),
      ...(last ? [`the fleet, ${timeText(last.wallTime)}: ${last.summary}`] : []),
    ].map(printable),
  )
}

function staysText(stays: readonly string[]): string {
  return stays.length > 0 ? `; it stays there: ${stays.join('; ')}` : ', and may move'
}

/** `ballast fleet history` */
export async function fleetHistory(context: CliContext, options: PastOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const since = options.since === undefined ? 0 : Date.now() - options.since
  let count = 0
  for await (const record of bus.history(since)) {
    const tick = record as FleetTickRecord
    count++
    writeLines(context, [
      options.json
        ? printableJson(JSON.stringify(tick))
        : printable(`${timeText(tick.wallTime)}  ${tick.summary}`),
    ])
  }
  if (count === 0 && !options.json) logNotice(context, 'nothing is known of this time: nobody led the fleet')
}
