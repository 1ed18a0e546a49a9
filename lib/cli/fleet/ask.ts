import { access } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { FleetBus, FleetSettings, Lease, OpenOrder } from '../../fleet/bus/fleet-bus.ts'
import type { NatsTls } from '../../fleet/nats/nats-options.ts'
import type { FleetRules } from '../../fleet/view/fleet-rules.ts'
import type { FleetView } from '../../fleet/view/fleet-view.ts'
import { emptyMemory, fleetView } from '../../fleet/view/make-view.ts'
import { BallastError } from '../../host/errors.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import type { FleetConfig } from '../config/fleet-config.ts'
import type { CliContext } from '../context.ts'
import { ConfigError, Stopped, UsageError } from '../exit-codes.ts'
import { type FleetOptions, usualConfig } from './options.ts'

/** What messages call the options of the command line until they are told as such. */
const commandLine = 'the command line'

/** The fleet that the options name: the command line wins over the configuration. */
export async function fleetOf(options: FleetOptions): Promise<FleetConfig> {
  const [{ parseConfig, readConfig }, isThere] = await Promise.all([
    import('../config/config.ts'),
    access(usualConfig).then(
      () => true,
      () => false,
    ),
  ])
  const path = options.config ?? (isThere && options.servers === undefined ? usualConfig : undefined)
  const config = path === undefined ? undefined : await readConfig(path)
  if (!config?.fleet && !options.servers) {
    throw new UsageError(
      path === undefined
        ? 'no fleet is named: give --servers, or --config with the configuration of a host in it'
        : `${path} has no fleet: give --servers, or another --config`,
    )
  }
  // What the command line says has the same rules and defaults.
  const { servers, name, credentials } = options
  const tls = tlsOf(options)
  const words = JSON.stringify({ fleet: { servers: servers ?? ['-'], name, tls } })
  const given = asOptions(() => parseConfig(commandLine, words).fleet!)
  const base = config?.fleet ?? given
  return {
    ...base,
    nats: {
      ...base.nats,
      ...(servers && { servers: given.nats.servers }),
      ...(name !== undefined && { fleet: name }),
      ...(credentials !== undefined && { credentials }),
      ...(tls && { tls: { ...base.nats.tls, ...tls } }),
    },
  }
}

/** What `parse` gives; what is wrong there is told as wrong options of the command line. */
function asOptions<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const place = new RegExp(`^${commandLine}:\\d+:\\d+: fleet\\.`)
    throw new UsageError(error.problems.map((problem) => problem.replace(place, '--')).join('; '))
  }
}

/** What the command line says of TLS; paths are as of a shell. */
function tlsOf({ tlsCa: ca, tlsCert: cert, tlsKey: key }: FleetOptions): NatsTls | undefined {
  const given = Object.entries({ ca, cert, key }).filter(([, path]) => path !== undefined)
  if (given.length === 0) return undefined
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key go together: give both, or neither')
  }
  return Object.fromEntries(given.map(([name, path]) => [name, resolve(path!)]))
}

/** Connects to the bus of a fleet, as `options` name it. Rejects with {@link Stopped} when the user does not wait for it. */
export async function openBus(
  { signal }: CliContext,
  { nats }: FleetConfig,
  { credentials }: FleetOptions,
): Promise<FleetBus> {
  const { natsBus } = await import('../../fleet/nats/nats-bus.ts')
  try {
    return await Promise.race([natsBus(nats), stopped(signal)])
  } catch (error) {
    const isRefused = error instanceof BallastError && error.code === 'ERR_FLEET_PERMISSION'
    if (!isRefused || credentials !== undefined) throw error
    // An agent may read nothing but its own.
    const who = nats.credentials === undefined ? 'nobody' : `who ${nats.credentials} is of, the host`
    throw new BallastError(
      error.code,
      `${error.message}. You ask as ${who}: name your own file with --credentials`,
      {
        cause: error,
      },
    )
  }
}

/** Rejects when the user ends the command. */
function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(new Stopped('it was stopped'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/** A fleet as it is now. */
export interface PresentFleet {
  readonly view: FleetView
  readonly lease: Lease | undefined
  readonly settings: FleetSettings
  readonly open: readonly OpenOrder[]
}

/** `settings`: as they would be. Default: as they are. */
export async function presentFleet(
  bus: FleetBus,
  rules: FleetRules,
  change: (settings: FleetSettings, view: FleetView) => FleetSettings = (settings) => settings,
): Promise<PresentFleet> {
  const [reports, lease, present, open] = await Promise.all([
    bus.reports(),
    bus.leader(),
    bus.settings.read(),
    bus.open(),
  ])
  const time = realClock.now()
  const wallTime = realClock.wallTime()
  const seen = (settings: FleetSettings) =>
    fleetView({ time, wallTime, reports, rules, settings, open, past: [] }, emptyMemory).view
  const settings = change(present, seen(present))
  return { view: seen(settings), lease, settings, open }
}

/** Who asks, for the history. */
export function asker(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // This user has no name.
    return hostname()
  }
}
