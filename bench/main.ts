import { Command } from 'commander'
import { runProgramInWorld, withoutWorld } from '../test/lab/world/program.ts'
import { measureAllocations } from './allocate/allocate.ts'
import { allocateTable } from './allocate/table.ts'
import { atLeast, fleetPart, shortened, side } from './arguments.ts'
import { measureFaces } from './faces/faces.ts'
import { facesTable } from './faces/table.ts'
import { type FleetPart, fleetParts, measureFleet } from './fleet/fleet.ts'
import { fleetTable } from './fleet/table.ts'
import { footprintTable, measureFootprint } from './footprint.ts'
import { measureHour } from './hour/hour.ts'
import { recordReal } from './hour/real.ts'
import { recordSimulated } from './hour/simulated.ts'
import { hourTable } from './hour/table.ts'
import { measureLoop } from './loop/loop.ts'
import { loopTable } from './loop/table.ts'
import { measureMetrics } from './metrics/metrics.ts'
import { metricsTable } from './metrics/table.ts'
import { measurePeers } from './peers/peers.ts'
import { peersTable } from './peers/table.ts'
import { measurePlans } from './plan/plan.ts'
import { planTable } from './plan/table.ts'
import { measureRecording } from './record/record.ts'
import { recordTable } from './record/table.ts'
import { measureRegret } from './regret/regret.ts'
import { regretTable } from './regret/table.ts'
import { measureSampling } from './sampling.ts'
import { measureSimulation } from './simulate/simulate.ts'
import { simulateTable } from './simulate/table.ts'

interface Options {
  readonly turns: number
  readonly domains: number
  readonly json?: boolean
}

/** Fewer make no median that could be trusted. */
const leastTurns = 9

const began = performance.now()
const log = (line: string) =>
  console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)

/** Aborted when somebody asks us to end. */
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => stop.abort(new Error(`Stopped by ${name}`)))
}

const program = new Command('bench').description(
  'What Ballast costs: sampling on a lab of real QEMUs, planning and sharing memory on made-up hosts.',
)

program
  .command('sampling')
  .description('time samples against raw C and libvirt-python on the same paused domains, idle and busy')
  .option('--turns <count>', `turns that count, at least ${leastTurns}`, atLeast(leastTurns), 15)
  .option('--domains <count>', 'paused domains', atLeast(1), 50)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(sampling)

program
  .command('plan')
  .description(
    'time plans of the balance policy beside lpt and the baseline, for hosts of growing size; needs no lab',
  )
  .option('--turns <count>', `hosts of each size, at least ${leastTurns}`, atLeast(leastTurns), 15)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(plan)

program
  .command('allocate')
  .description('time how `shares` shares out memory beside bisection and repeated hand-outs; needs no lab')
  .option('--turns <count>', `hosts of each size, at least ${leastTurns}`, atLeast(leastTurns), 25)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(allocate)

program
  .command('simulate')
  .description('time the simulated host beside that of the baseline, and compare all samples; needs no lab')
  .option('--turns <count>', `turns of each size, at least ${leastTurns}`, atLeast(leastTurns), leastTurns)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(simulate)

program
  .command('loop')
  .description('time a tick of the loop beside that of the baseline, on made-up hosts; needs no lab')
  .option('--turns <count>', `turns of each size, at least ${leastTurns}`, atLeast(leastTurns), leastTurns)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(loop)

program
  .command('footprint')
  .description('measure the resident memory of `ballast run` beside a bare Node; needs a build and no lab')
  .option('--turns <count>', 'turns, at least 3', atLeast(3), 3)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(footprint)

program
  .command('regret')
  .description(
    'what every policy gives away against hindsight, over the scenarios of the arena; needs no lab',
  )
  .option('--only <contest>', 'those whose name begins so: A1, TRAP, M2')
  .option('--side <side>', 'cpu or memory alone', side)
  .option('--seeds <count>', 'runs of each, from 1 on', atLeast(1), 1)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(regret)

program
  .command('hour')
  .description(
    'record guests of the lab under random loads, and ask what every policy would have given away on that load',
  )
  .option('--minutes <count>', 'how long it is recorded', atLeast(1), 60)
  .option('--seed <number>', 'of the loads', atLeast(1), 1)
  .option('--simulated', 'simulated guests: needs no lab and no hour')
  .option('--record <directory>', 'record there, and leave it there')
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(hour)

interface HourCommand {
  readonly minutes: number
  readonly seed: number
  readonly simulated?: boolean
  readonly record?: string
  readonly json?: boolean
}

async function hour({ minutes, seed, simulated, record: keep, json }: HourCommand): Promise<void> {
  const record = simulated ? recordSimulated : recordReal
  const length = 60_000 * minutes
  const figures = await measureHour({ record, keep, seed, length, log, signal: stop.signal })
  console.log(json ? JSON.stringify(figures, shortened) : hourTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

interface RegretCommand {
  readonly seeds: number
  readonly only?: string
  readonly side?: 'cpu' | 'memory'
  readonly json?: boolean
}

async function regret({ seeds, only, side, json }: RegretCommand): Promise<void> {
  const figures = await measureRegret({ seeds, only, sides: side ? [side] : ['cpu', 'memory'] }, log)
  console.log(json ? JSON.stringify(figures, shortened) : regretTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

program
  .command('record')
  .description(
    'measure what a recording takes of disk, core and JS thread, and how fast it is replayed; needs no lab',
  )
  .option('--turns <count>', `turns, at least ${leastTurns}`, atLeast(leastTurns), leastTurns)
  .option('--hours <count>', 'simulated hours that are recorded; the size is that of 24', atLeast(1), 2)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(record)

program
  .command('peers')
  .description(
    'what the guests of a lab get under oVirt MOM, numad, the kernel alone, published rules, and Ballast, each in turn; ' +
      'with --world debian13 on the Debian that has all of them',
  )
  .option('--turns <count>', 'runs of each CPU case for each', atLeast(1), 2)
  .option('--only <case>', 'those whose name begins so: A1, TRAP, M2, grow')
  .option('--side <side>', 'cpu or memory alone', side)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(peers)

interface PeersCommand {
  readonly turns: number
  readonly only?: string
  readonly side?: 'cpu' | 'memory'
  readonly json?: boolean
}

async function peers({ turns, only, side, json }: PeersCommand): Promise<void> {
  const sides = side ? [side] : (['cpu', 'memory'] as const)
  const figures = await measurePeers({ turns, only, sides, signal: stop.signal }, log)
  console.log(json ? JSON.stringify(figures, shortened) : peersTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

program
  .command('faces')
  .description(
    'what it costs to show a host of 1,000 guests and 512 pCPUs, a Tick a second; needs Chromium, tmux and a build, no lab',
  )
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(faces)

program
  .command('fleet')
  .description(
    'time plans of the fleet policy `balance` for fleets of growing size, beside HiGHS; and what 1,000 agents take of a leader ' +
      'and of a real nats-server; needs no lab',
  )
  .option('--turns <count>', `fleets of each size, at least ${leastTurns}`, atLeast(leastTurns), leastTurns)
  .option('--part <part>', `${fleetParts.join(' or ')} alone`, fleetPart)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(fleet)

async function fleet({ turns, part, json }: FleetCommand): Promise<void> {
  const figures = await measureFleet(turns, part ? [part] : fleetParts, log)
  console.log(json ? JSON.stringify(figures, shortened) : fleetTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

interface FleetCommand {
  readonly turns: number
  readonly part?: FleetPart
  readonly json?: boolean
}

program
  .command('metrics')
  .description(
    "time scrapes of `ballast run --metrics` beside Debian's prometheus-libvirt-exporter on the same 50 and 200 paused " +
      'domains, and with one QEMU stopped; needs a build and root',
  )
  .option('--turns <count>', `turns of each size, at least ${leastTurns}`, atLeast(leastTurns), 15)
  .option('--json', 'print nothing but one line of JSON with all figures')
  .action(metrics)

async function faces({ json }: Pick<Options, 'json'>): Promise<void> {
  const figures = await measureFaces(log)
  console.log(json ? JSON.stringify(figures, shortened) : facesTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

async function metrics({ turns, json }: Pick<Options, 'turns' | 'json'>): Promise<void> {
  try {
    const figures = await measureMetrics({ signal: stop.signal, turns, log })
    console.log(json ? JSON.stringify(figures, shortened) : metricsTable(figures))
    process.exitCode = figures.passed ? 0 : 1
  } catch (error) {
    const cause = stop.signal.aborted ? stop.signal.reason : error
    if (json) console.log(JSON.stringify({ bench: 'metrics', passed: false, error: messageOf(cause) }))
    throw cause
  }
}

async function loop({ turns, json }: Pick<Options, 'turns' | 'json'>): Promise<void> {
  const figures = await measureLoop(turns, log)
  console.log(json ? JSON.stringify(figures, shortened) : loopTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

async function footprint({ turns, json }: Pick<Options, 'turns' | 'json'>): Promise<void> {
  const figures = await measureFootprint(turns, log)
  console.log(json ? JSON.stringify(figures, shortened) : footprintTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

async function record({ turns, hours, json }: Options & { readonly hours: number }): Promise<void> {
  const figures = await measureRecording(turns, hours, log)
  console.log(json ? JSON.stringify(figures, shortened) : recordTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

async function simulate({ turns, json }: Pick<Options, 'turns' | 'json'>): Promise<void> {
  const figures = await measureSimulation(turns, log)
  console.log(json ? JSON.stringify(figures, shortened) : simulateTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

function allocate({ turns, json }: Pick<Options, 'turns' | 'json'>): void {
  const figures = measureAllocations(turns, log)
  console.log(json ? JSON.stringify(figures, shortened) : allocateTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

async function plan({ turns, json }: Pick<Options, 'turns' | 'json'>): Promise<void> {
  const figures = await measurePlans(turns, log)
  console.log(json ? JSON.stringify(figures, shortened) : planTable(figures))
  process.exitCode = figures.passed ? 0 : 1
}

async function sampling({ turns, domains, json }: Options): Promise<void> {
  const show = (table: string) => {
    if (!json) console.log(`${table}\n`)
  }
  try {
    const figures = await measureSampling({ signal: stop.signal, turns, domains, log, show })
    if (json) console.log(JSON.stringify(figures, shortened))
    else console.log(figures.passed ? 'Passed: every limit was met.' : 'Failed: a limit was missed.')
    process.exitCode = figures.passed ? 0 : 1
  } catch (error) {
    // What fails because we stop is not news.
    const cause = stop.signal.aborted ? stop.signal.reason : error
    if (json) console.log(JSON.stringify({ bench: 'sampling', passed: false, error: messageOf(cause) }))
    throw cause
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

try {
  const { words, world } = withoutWorld(process.argv)
  if (world) process.exitCode = await runProgramInWorld(world, 'bench/main.ts', words.slice(2), log)
  else await program.parseAsync(words)
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
// A pass that was given up may still be under way.
process.exit()
