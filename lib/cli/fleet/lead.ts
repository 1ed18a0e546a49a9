import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { FleetBus } from '../../fleet/bus/fleet-bus.ts'
import { FleetLoop } from '../../fleet/loop/fleet-loop.ts'
import { runLeader } from '../../fleet/loop/leader.ts'
import type { FleetTick } from '../../fleet/tick/fleet-tick.ts'
import { fleetTickJson } from '../../fleet/tick/tick-record.ts'
import { asBallastError, type BallastError } from '../../host/errors.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import { printable, printableJson } from '../../util/printable.ts'
import type { FleetConfig } from '../config/fleet-config.ts'
import { type CliContext, writeLines } from '../context.ts'
import { fleetOf, openBus } from './ask.ts'
import { FleetLog } from './fleet-log.ts'
import type { LeadOptions } from './options.ts'

/** `ballast fleet run [seconds]`; `interval`: milliseconds, undefined: that of the configuration. */
export async function leadFleet(
  context: CliContext,
  interval: number | undefined,
  options: LeadOptions,
): Promise<void> {
  const given = await fleetOf(options)
  const fleet = { ...given, interval: interval ?? given.interval, dryRun: options.dryRun ?? given.dryRun }
  await using bus = await openBus(context, fleet, options)
  const log = new FleetLog(context, fleet)
  log.joined()
  bus.watch((state) => log.agent({ kind: 'bus', state }))
  const ticks = fleet.dryRun ? watched(context, bus, fleet, log) : led(context, bus, fleet, log)
  let count = 0
  for await (const tick of ticks) {
    writeLines(context, [
      options.json ? printableJson(fleetTickJson(tick)) : printable(`${clockText(tick)}  ${tick.summary}`),
    ])
    count++
    if (count === options.ticks || context.signal.aborted) break
  }
}

/** Throws when this user may not lead: rights that are lost later may come back. */
async function* led(
  context: CliContext,
  bus: FleetBus,
  { policy, rules, interval }: FleetConfig,
  log: FleetLog,
): AsyncGenerator<FleetTick> {
  let hasLed = false
  let denied: BallastError | undefined
  const ended = new AbortController()
  yield* runLeader({
    bus,
    clock: realClock,
    holder: { host: hostname(), instance: randomUUID() },
    interval,
    policy: policy.policy,
    rules,
    signal: AbortSignal.any([context.signal, ended.signal]),
    listener: (event) => {
      hasLed ||= event.kind === 'leading'
      if (event.kind !== 'failed' || hasLed || event.error.code !== 'ERR_FLEET_PERMISSION') {
        log.leader(event)
        return
      }
      denied = event.error
      ended.abort()
    },
  })
  if (denied) throw denied
}

/** What a leader would do, without being one: another may lead meanwhile. */
async function* watched(
  { signal }: CliContext,
  bus: FleetBus,
  { policy, rules, interval }: FleetConfig,
  log: FleetLog,
): AsyncGenerator<FleetTick> {
  const loop = new FleetLoop({ policy: policy.policy, rules, dryRun: true })
  const lease = { host: hostname(), instance: 'dry run', revision: 0 }
  for (let next = realClock.now(); !signal.aborted; next += interval) {
    try {
      const [reports, settings, open] = await Promise.all([bus.reports(), bus.settings.read(), bus.open()])
      const [time, wallTime] = [realClock.now(), realClock.wallTime()]
      yield loop.round({ lease, time, wallTime, reports, settings, open, told: new Map() }).tick
    } catch (error) {
      log.failed(asBallastError(error))
    }
    await realClock.sleepUntil(next + interval, signal).catch(() => {})
  }
}

function clockText({ wallTime }: FleetTick): string {
  return new Date(wallTime).toTimeString().slice(0, 8)
}
