import type { Command } from 'commander'
import { balance } from '../schedulers/balance.ts'
import { control } from './control.ts'
import { type ControlOptions, controlCommand } from './options.ts'
import type { World } from './world.ts'

/** `ballast cpu [seconds]` */
export function cpuCommand(world: World): Command {
  return controlCommand('cpu')
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
  ballast cpu --domains 'web*'   move only the guests whose names begin with web`,
    )
    .action((interval: number, options: ControlOptions) =>
      control(world, options, { interval, scheduler: balance() }),
    )
}
