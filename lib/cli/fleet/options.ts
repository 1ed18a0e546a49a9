import type { Command } from 'commander'
import { parseText } from '../values.ts'

/** What a service of this machine reads, too. */
export const usualConfig = '/etc/ballast/ballast.yaml'

/** Options of every command that asks a fleet. */
export interface FleetOptions {
  readonly servers?: readonly string[]
  readonly name?: string
  readonly credentials?: string
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly config?: string
  readonly json?: boolean
}

/** Adds what names the fleet, and `--json`; `json` says what that prints. */
export function fleetOptions(command: Command, json: string): Command {
  const append = (text: string, before: readonly string[] = []) => [...before, parseText('--servers')(text)]
  return command
    .option(
      '-s, --servers <address>',
      'address of the NATS of the fleet; may be given several times (default: those of the configuration)',
      append,
    )
    .option('--name <fleet>', 'name of the fleet (default: that of the configuration)', parseText('--name'))
    .option(
      '--credentials <file>',
      'file with what you prove your identity with; see docs/fleet.md (default: that of the configuration)',
      parseText('--credentials'),
    )
    .option(
      '--tls-ca <file>',
      'certificate, PEM, of the authority that the server is to be of (default: that of the configuration, or those of the system)',
      parseText('--tls-ca'),
    )
    .option(
      '--tls-cert <file>',
      'your own certificate, PEM, with --tls-key (default: that of the configuration)',
      parseText('--tls-cert'),
    )
    .option('--tls-key <file>', 'the key of your certificate, PEM', parseText('--tls-key'))
    .option(
      '--config <file>',
      `configuration whose fleet is asked, with its policy and its rules (default: ${usualConfig}, where it is)`,
      parseText('--config'),
    )
    .option('--json', json)
}

/** Options of the commands that ask something of a fleet. */
export interface RequestOptions extends FleetOptions {
  readonly dryRun?: boolean
}

export interface LeadOptions extends RequestOptions {
  readonly ticks?: number
}

export interface PastOptions extends FleetOptions {
  /** Milliseconds. */
  readonly since?: number
}
