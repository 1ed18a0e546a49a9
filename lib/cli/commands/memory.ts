import type { CliContext } from '../context.ts'
import { runCommandAs } from './run.ts'

/** `ballast memory [seconds]`: `ballast run` without a scheduler. */
export const memoryCommand = (context: CliContext) =>
  runCommandAs(context, {
    name: 'memory',
    presets: { scheduler: 'none', ksm: 'none' },
    summary: 'balance the memory: "ballast run --scheduler none"',
    description:
      'Moves memory between the guests by their balloons: a guest that runs short gets more before it has to ' +
      'swap, guests with much unused memory give some back, and the host keeps its reserve. A guest that comes ' +
      'under memory pressure between two ticks is helped at once.',
    examples: `
  ballast memory                              every 2 seconds, until Ctrl-C
  ballast memory --dry-run                    log what would be done
  ballast memory --host-memory-reserve 4GiB   leave 4 GiB to the host
  ballast memory --ballooning mom             let another policy decide`,
  })
