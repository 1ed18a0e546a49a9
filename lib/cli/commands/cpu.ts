import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { control } from '../controller/controller.ts'
import { type ControlOptions, type CpuOptions, controlCommand, cpuOptions } from '../options.ts'
import { cpuPolicies, defaultPolicies, type PolicyOptions, policyOption } from '../policies.ts'

/** `ballast cpu [seconds]` */
export function cpuCommand(world: CliContext): Command {
  return cpuOptions(controlCommand('cpu'))
    .addOption(policyOption(cpuPolicies, defaultPolicies.cpus))
    .summary('spread the virtual CPUs evenly over the physical ones')
    .description(
      'Spreads the virtual CPUs of the guests evenly over the physical CPUs of the host: looks every few ' +
        'seconds at what each one wants, and moves as few as bring the host level. A level host is left ' +
        'alone.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast cpu                    look every 2 seconds, until Ctrl-C
  ballast cpu 5 --dry-run        look every 5 seconds and only say what would be done
  ballast cpu --domains 'web*'   move only the guests whose names begin with web
  ballast cpu --host-cpus 0  keep guests off the first physical CPU
  ballast cpu --policy pack      let another policy decide`,
    )
    .action((interval: number, options: ControlOptions & CpuOptions & PolicyOptions) =>
      control(world, {
        options,
        pilot: { interval, scheduler: cpuPolicies[options.policy]!() },
        lockInfo: { command: 'ballast cpu', policies: [options.policy] },
      }),
    )
}
