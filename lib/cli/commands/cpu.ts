import type { CliContext } from '../context.ts'
import { runCommandAs } from './run.ts'

/** `ballast cpu [seconds]`: `ballast run` without ballooning. */
export const cpuCommand = (context: CliContext) =>
  runCommandAs(context, {
    name: 'cpu',
    presets: { ballooning: 'none', ksm: 'none' },
    summary: 'balance the physical CPUs: "ballast run --ballooning none"',
    description:
      'Spreads the demand of the virtual CPUs evenly over the physical CPUs, with as few moves as possible. ' +
      'A balanced host is not changed.',
    examples: `
  ballast cpu                    every 2 seconds, until Ctrl-C
  ballast cpu 5 --dry-run        every 5 seconds, log what would be done
  ballast cpu --match 'web*'     move only the guests whose names begin with web
  ballast cpu --host-cpus 0      keep guests off the first physical CPU
  ballast cpu --scheduler pack   let another policy decide`,
  })
