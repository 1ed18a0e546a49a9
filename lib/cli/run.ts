import type { Command } from 'commander'
import { control } from './control.ts'
import {
  type ControlOptions,
  type CpuOptions,
  controlCommand,
  cpuOptions,
  type MemoryOptions,
  memoryOption,
} from './options.ts'
import { balloonPolicies, cpuPolicies, usual } from './policies.ts'
import type { World } from './world.ts'

/** `ballast run [seconds]` */
export function runCommand(world: World): Command {
  return cpuOptions(controlCommand('run'))
    .addOption(memoryOption())
    .summary('both: level the physical CPUs and the memory')
    .description('Does what "ballast cpu" and "ballast memory" do, in one loop.')
    .addHelpText(
      'after',
      `
Examples:
  ballast run                               both, every 2 seconds, until Ctrl-C
  ballast run --dry-run --ticks 10          only say what would be done, ten times
  ballast run --json >> /var/log/ballast    one line of JSON per tick`,
    )
    .action((interval: number, options: ControlOptions & CpuOptions & MemoryOptions) =>
      control(
        world,
        options,
        {
          interval,
          scheduler: cpuPolicies[usual.cpus]!(),
          ballooning: balloonPolicies[usual.balloons]!(),
          hostReserve: options.reserve,
        },
        { command: 'ballast run', policies: [usual.cpus, usual.balloons] },
      ),
    )
}
