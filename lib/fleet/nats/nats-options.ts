import { wrongOption } from '../../host/errors.ts'
import type { FleetBusOptions } from '../bus/fleet-bus.ts'

/** How a program reaches the NATS of its fleet. */
export interface NatsOptions extends FleetBusOptions {
  /** `HOST`, `HOST:PORT` or `tls://HOST:PORT`; several of one cluster: whichever answers. */
  readonly servers: readonly string[]
  /** Name of the fleet: several may share one NATS. Letters, digits and `_`. Default `default`. */
  readonly fleet?: string | undefined
  /**
   * File with what this program proves its identity with: a `.creds` file of NATS, the seed of an nkey, or one line
   * `USER:PASSWORD`. Default: nothing, or the certificate of {@link tls}.
   */
  readonly credentials?: string | undefined
  /** PEM files. Default: the authorities of the system for `tls://`, and no certificate of our own. */
  readonly tls?: NatsTls | undefined
  /** UUID of the host that this agent is of: its answers come to a subject that only it may hear. Default: no host's. */
  readonly host?: string | undefined
}

export interface NatsTls {
  /** The authority that the server's certificate is of. */
  readonly ca?: string | undefined
  /** Our own certificate and its key. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** What may be one word of a subject. */
const word = /^[A-Za-z0-9_-]+$/
const fleetName = /^[A-Za-z0-9_]{1,40}$/

/** Throws a `TypeError` that names the wrong option. */
export function checkNatsOptions({ servers, fleet, tls, host }: NatsOptions): void {
  if (servers.length === 0) throw wrongOption('servers', 'at least one address', servers)
  if (fleet !== undefined && !fleetName.test(fleet)) {
    throw wrongOption('fleet', 'a name of at most 40 letters, digits and _', fleet)
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    throw wrongOption('tls', 'both `cert` and `key`, or neither', tls?.cert ?? tls?.key)
  }
  if (host !== undefined) asWord('host', host)
}

/** `text`, where it can be one word of a subject; else a `TypeError` that names the option. */
export function asWord(option: string, text: string): string {
  if (!word.test(text)) throw wrongOption(option, 'letters, digits, - and _', text)
  return text
}
