import { Command } from 'commander'
import { defaultPolicies, type PolicyKind } from '../../policies.ts'
import { formatBytes } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { withoutPassword } from '../../util/uri.ts'
import type { Config } from '../config/config.ts'
import type { FleetConfig } from '../config/fleet-config.ts'
import { type CliContext, writeLines } from '../context.ts'
import { addressText } from '../http/address.ts'
import { receiverText } from '../notify/receiver.ts'

/** `ballast check <file>` */
export function checkCommand(context: CliContext): Command {
  return new Command('check')
    .argument('<file>', 'the configuration file')
    .summary('find mistakes in a configuration file')
    .description(
      'Reads a configuration file as "ballast run --config" does, and prints what would run, or every mistake in ' +
        'it with its line. Connects to no host: what depends on its physical CPUs and its memory is checked when ' +
        'ballast starts, or reloads the file.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast check /etc/ballast/ballast.yaml
  ballast check new.yaml && systemctl reload ballast`,
    )
    .action(async (path: string) => {
      const { readConfig } = await import('../config/config.ts')
      const config = await readConfig(path)
      writeLines(context, describe(config).map(printable))
    })
}

function describe(config: Config): string[] {
  const { path, options, interval, policies, domainRules, notify, fleet } = config
  const {
    connect,
    match,
    hostMemoryReserve,
    hostCpus,
    respectPins,
    journal,
    record,
    restore,
    dryRun,
    statsPeriod,
    metrics = [],
    serve,
  } = options
  const globs = Object.keys(domainRules)
  const nameOf = (kind: PolicyKind) => {
    const chosen = policies[kind]
    return chosen === 'none' ? 'none' : (chosen?.name ?? defaultPolicies[kind])
  }
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['host', connect && withoutPassword(connect)],
    ['interval', interval === undefined ? undefined : `${interval / 1000} s`],
    ['scheduler', nameOf('scheduler')],
    ['ballooning', nameOf('ballooning')],
    ['ksm', nameOf('ksm')],
    ['only guests named', match],
    ['rules for guests named', listed(globs)],
    ['pCPUs of the host', hostCpus?.toString()],
    ['memory of the host', hostMemoryReserve === undefined ? undefined : formatBytes(hostMemoryReserve)],
    ['pins', respectPins ? 'are limits' : undefined],
    ['journal', journal],
    ['recordings in', record],
    ['metrics at', listed(metrics.map(addressText))],
    ['page at', serve && addressText(serve)],
    ['notifies', listed(notify.map(receiverText))],
    ['fleet', fleet && fleetText(fleet)],
    ['at the end', restore === false ? 'guests stay as they are' : undefined],
    ['dry run', dryRun ? (statsPeriod ? 'changes statistics periods alone' : 'changes nothing') : undefined],
  ]
  return [
    `ok: ${path}${saysNothing(config) ? ', which says nothing: all is as without a file' : ''}`,
    ...facts.flatMap(([what, value]) => (value === undefined ? [] : [`  ${what}: ${value}`])),
  ]
}

function saysNothing({ options, interval, policies, domainRules, notify, fleet }: Config): boolean {
  return [options, { interval, fleet }, policies, domainRules, notify].every((part) =>
    Object.values(part).every((value) => value === undefined),
  )
}

function fleetText({ nats, leads, dryRun, policy }: FleetConfig): string {
  const { fleet = 'default', servers } = nats
  const facts = [
    `at ${servers.join(', ')}`,
    leads ? `may lead by ${policy.name}` : 'never leads',
    ...(dryRun ? ['dry run'] : []),
  ]
  return `${fleet} ${facts.join(', ')}`
}

function listed(names: readonly string[]): string | undefined {
  return names.length > 0 ? names.join(', ') : undefined
}
