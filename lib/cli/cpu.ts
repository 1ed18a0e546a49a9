import type { Command } from 'commander'
import { balance } from '../schedulers/balance.ts'
import { control } from './control.ts'
import { type ControlOptions, type CpuOptions, controlCommand, cpuOptions } from './options.ts'
import type { World } from './world.ts'

/** `ballast cpu [seconds]` */
export function cpuCommand(world: World): Command {
  return cpuOptions(controlCommand('cpu'))
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
  ballast cpu --reserved-cpus 0  keep guests off the first physical CPU`,
    )
    .action((interval: number, options: ControlOptions & CpuOptions) =>
      control(world, options, { interval, scheduler: balance() }),
    )
}
