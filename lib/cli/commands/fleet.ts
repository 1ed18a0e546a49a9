import { Argument, Command } from 'commander'
import type { CliContext } from '../context.ts'
import {
  type FleetOptions,
  fleetOptions,
  type LeadOptions,
  type PastOptions,
  type RequestOptions,
} from '../fleet/options.ts'
import { parseAge, parseFleetInterval, parseTicks } from '../values.ts'

const oneLine = 'print it as one line of JSON'
const dryRun = ['--dry-run', 'say what would be done, and ask for nothing'] as const
const host = new Argument('<host>', 'name or UUID of the host')
const guest = new Argument('<guest>', 'name or UUID of the guest')

/** `ballast fleet`; what its commands do is loaded when one of them is run. */
export function fleetCommand(context: CliContext): Command {
  const command = new Command('fleet')
    .summary('many hosts as one: what they are at, and what is asked of them')
    .description(
      'Shows the fleet that the hosts with "fleet:" in their configuration form, what its leader would do and did, and asks ' +
        'for what people want: a host emptied, a guest moved, a pause. Talks to the NATS of the fleet, and to no host.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast fleet status                    hosts, who leads, what moves
  ballast fleet plan                      what would be moved now, what that costs and what was weighed
  ballast fleet drain host2 --dry-run     where its guests would go
  ballast fleet why web1                  why a guest was moved, or stays`,
    )
  for (const make of [
    statusCommand,
    planCommand,
    runCommand,
    drainCommand,
    undrainCommand,
    moveCommand,
    pauseCommand,
    resumeCommand,
    whyCommand,
    historyCommand,
  ]) {
    command.addCommand(make(context))
  }
  return command
}

function statusCommand(context: CliContext): Command {
  return fleetOptions(new Command('status'), oneLine)
    .summary('hosts of the fleet, who leads, what moves')
    .description(
      'Shows each host with its load, the delay of its worst-served virtual CPU, what its guests hold of the memory that ' +
        'they may have, and why nothing moves from or to it; who leads; and the migrations under way. Changes nothing.',
    )
    .action(async (options: FleetOptions) => {
      const { fleetStatus } = await import('../fleet/status.ts')
      await fleetStatus(context, options)
    })
}

function planCommand(context: CliContext): Command {
  return fleetOptions(new Command('plan'), oneLine)
    .summary('what would be moved now, what that costs, and why')
    .description(
      'Plans as a leader with this configuration would if the fleet stayed as it is: each step with its reason, its cost and ' +
        'what is predicted, what the rules deny, and what was weighed beside it. Changes nothing.',
    )
    .action(async (options: FleetOptions) => {
      const { fleetPlan } = await import('../fleet/plan.ts')
      await fleetPlan(context, options)
    })
}

function runCommand(context: CliContext): Command {
  const command = new Command('run')
    .addArgument(
      new Argument('[seconds]', 'seconds from one round to the next, 10 at most (default: 10)').argParser(
        parseFleetInterval('the interval'),
      ),
    )
    .option('-n, --ticks <number>', 'end after this number of rounds (default: run until Ctrl-C)', parseTicks)
    .option('--dry-run', 'say what would be done, and give no orders; another may lead meanwhile')
  return fleetOptions(command, 'print each round as one line of JSON')
    .summary('lead the fleet, without a host of its own')
    .description(
      'Leads the fleet whenever nobody else does: sees all hosts, plans, gives orders, and follows what comes of them. For ' +
        'fleets whose hosts have the rights of an agent alone.',
    )
    .action(async (interval: number | undefined, options: LeadOptions) => {
      const { leadFleet } = await import('../fleet/lead.ts')
      await leadFleet(context, interval, options)
    })
}

function drainCommand(context: CliContext): Command {
  return fleetOptions(new Command('drain').addArgument(host), oneLine)
    .option(...dryRun)
    .summary('empty a host: its guests leave, and none comes')
    .description(
      'Asks the leader to move all guests of a host to others, within the rules, and to move none there until "undrain". ' +
        'Guests that fit nowhere, or cannot move, stay; "ballast fleet plan" says why.',
    )
    .action(async (host: string, options: RequestOptions) => {
      const { drain } = await import('../fleet/requests.ts')
      await drain(context, host, options)
    })
}

function undrainCommand(context: CliContext): Command {
  return fleetOptions(new Command('undrain').addArgument(host), oneLine)
    .option(...dryRun)
    .summary('a host that was emptied takes guests again')
    .description('Takes back what "drain" asked for. Guests come as the policy finds it worth a migration.')
    .action(async (host: string, options: RequestOptions) => {
      const { undrain } = await import('../fleet/requests.ts')
      await undrain(context, host, options)
    })
}

function moveCommand(context: CliContext): Command {
  return fleetOptions(new Command('move').addArgument(guest).addArgument(host), oneLine)
    .option(...dryRun)
    .summary('move one guest to a host')
    .description(
      'Asks the leader to move a guest. Rules, room and what the target can run are looked at as for every migration; ' +
        'when they are against it nothing is asked for, and it is said why. The policy may move it again later.',
    )
    .action(async (guest: string, host: string, options: RequestOptions) => {
      const { move } = await import('../fleet/requests.ts')
      await move(context, guest, host, options)
    })
}

function pauseCommand(context: CliContext): Command {
  return fleetOptions(new Command('pause'), oneLine)
    .option(...dryRun)
    .summary('move nothing until "resume"')
    .description('Asks the leader to begin no migration. What moves already ends as it would.')
    .action(async (options: RequestOptions) => {
      const { pause } = await import('../fleet/requests.ts')
      await pause(context, options)
    })
}

function resumeCommand(context: CliContext): Command {
  return fleetOptions(new Command('resume'), oneLine)
    .option(...dryRun)
    .summary('go on after "pause"')
    .description('Takes back what "pause" asked for.')
    .action(async (options: RequestOptions) => {
      const { resume } = await import('../fleet/requests.ts')
      await resume(context, options)
    })
}

function whyCommand(context: CliContext): Command {
  return fleetOptions(new Command('why').addArgument(guest), oneLine)
    .option('--since <age>', 'what was done in the last 30m, 2h or 7d (default: 1d)', parseAge('--since'))
    .summary('why a guest was moved, or stays')
    .description(
      'Says what the leaders of the fleet did with a guest and why, what came of it, what was denied, and why it stays where ' +
        'it is now. Changes nothing.',
    )
    .action(async (guest: string, options: PastOptions) => {
      const { fleetWhy } = await import('../fleet/past.ts')
      await fleetWhy(context, guest, options)
    })
}

function historyCommand(context: CliContext): Command {
  return fleetOptions(new Command('history'), 'print one line of JSON for each round')
    .option('--since <age>', 'only the last 30m, 2h or 7d (default: all)', parseAge('--since'))
    .summary('what the leaders of the fleet did')
    .description(
      'Lists the rounds in which something was ordered, ended, denied or seen, and some of the quiet ones between.',
    )
    .action(async (options: PastOptions) => {
      const { fleetHistory } = await import('../fleet/past.ts')
      await fleetHistory(context, options)
    })
}
