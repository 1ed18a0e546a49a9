import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { control } from '../controller/controller.ts'
import { type ControlOptions, controlCommand, type MemoryOptions, memoryOption } from '../options.ts'
import { balloonPolicies, defaultPolicies, type PolicyOptions, policyOption } from '../policies.ts'

/** `ballast memory [seconds]` */
export function memoryCommand(world: CliContext): Command {
  return controlCommand('memory')
    .addOption(memoryOption())
    .addOption(policyOption(balloonPolicies, defaultPolicies.balloons))
    .summary('give the guests the memory they need, and take back what they do not')
    .description(
      'Moves memory between the guests by their balloons: a guest that runs short gets more before it has ' +
        'to swap, guests with much unused memory give some back, and the host keeps its reserve. One that ' +
        'underPressure between two looks is helped at once.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast memory                   look every 2 seconds, until Ctrl-C
  ballast memory --dry-run         only say what would be done
  ballast memory --reserve 4GiB    leave 4 GiB to the host
  ballast memory --policy mom      let another policy decide`,
    )
    .action((interval: number, options: ControlOptions & MemoryOptions & PolicyOptions) => {
      const ballooning = balloonPolicies[options.policy]!()
      const told = { command: 'ballast memory', policies: [options.policy] }
      return control(world, {
        options,
        pilot: { interval, ballooning, hostMemoryReserve: options.reserve },
        lockInfo: told,
      })
    })
}
