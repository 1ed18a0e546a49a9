import { Command } from 'commander'
import { formatBytes } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { withoutPassword } from '../../util/uri.ts'
import { type Config, readConfig } from '../config/config.ts'
import { type CliContext, writeLines } from '../context.ts'

/** `ballast check <file>` */
export function checkCommand(world: CliContext): Command {
  return new Command('check')
    .argument('<file>', 'the configuration file')
    .summary('look for mistakes in a configuration file')
    .description(
      'Reads a configuration file as "ballast run --config" does, and says what would run, or all that is wrong ' +
        'in it, each with its line. Asks no host: whether it has as many physical CPUs and as much memory is ' +
        'seen when ballast begins, or reads the file again.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast check /etc/ballast/ballast.yaml
  ballast check new.yaml && systemctl reload ballast`,
    )
    .action(async (path: string) => {
      const config = await readConfig(path)
      writeLines(world, describe(config).map(printable))
    })
}

function describe({ path, options, scheduler, ballooning, domainRules }: Config): string[] {
  const { connect, interval, domains, reserve, hostCpus, respectPins, journal, dryRun } = options
  const globs = Object.keys(domainRules)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['host', connect && withoutPassword(connect)],
    ['seconds from one look to the next', interval === undefined ? undefined : String(interval / 1000)],
    ['vCPUs', scheduler?.name ?? 'stay where they are'],
    ['memory', ballooning?.name ?? 'stays as it is'],
    ['only guests named', domains],
    ['settings of guests named', globs.length > 0 ? globs.join(', ') : undefined],
    ['pCPUs of the host', hostCpus?.toString()],
    ['memory of the host', reserve === undefined ? undefined : formatBytes(reserve)],
    ['pins', respectPins ? 'are limits' : undefined],
    ['journal', journal],
    ['dry run', dryRun ? 'changes nothing' : undefined],
  ]
  return [
    `ok: ${path}`,
    ...facts.flatMap(([what, value]) => (value === undefined ? [] : [`  ${what}: ${value}`])),
  ]
}
