/**
 * Both controllers at work on a simulated host: eight guests crowded on one of four pCPUs (case A1), then a
 * guest whose program grows to all that the guest can hold and frees it again (case M1).
 *
 *     npx tsx examples/demo.ts [--fast]
 *
 * Ends with exit code 0 only when both went as they should.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  type AutopilotOptions,
  autopilot,
  ballooning,
  isFullSample,
  LogFormatter,
  MiB,
  type SimulatedHost,
  scenarios,
  schedulers,
  simulate,
  type Tick,
  table,
} from 'ballast'
import { fewestMovesOfEqualLoads, judgeBalance, judgeMemory } from '../test/support/verdict.ts'

const { values } = parseArgs({ options: { fast: { type: 'boolean', default: false } } })

/** Runs the controllers, showing each tick; `pause` in milliseconds makes it watchable. */
async function run(host: SimulatedHost, options: AutopilotOptions, pause: number): Promise<Tick[]> {
  const ticks: Tick[] = []
  const log = new LogFormatter()
  for await (const tick of autopilot(host, options)) {
    ticks.push(tick)
    console.log([...table(tick), ...log.lines(tick), ''].join('\n'))
    if (!values.fast) await sleep(pause)
  }
  return ticks
}

async function balanceCase(): Promise<boolean> {
  console.log('The scheduler (case A1): eight guests with equal load, all on pCPU 0\n')
  await using host = simulate(scenarios.A1())
  const ticks = await run(host, { interval: 1000, ticks: 25, scheduler: schedulers.balance() }, 200)
  const first = ticks.find((tick) => isFullSample(tick.view)) ?? ticks[0]!
  const fewest = fewestMovesOfEqualLoads(first.view)
  const limits = { ticksToBalance: 3, moves: fewest, movesAfterBalance: 0, ticksAfterBalance: 20 }
  const { passed, broken, ticksToBalance, moves } = judgeBalance(ticks, { limits })
  console.log(
    passed
      ? `As it should be: eight crowded guests were balanced ${ticksToBalance} tick(s) after the first full sample, with ${moves} moves (fewest possible: ${fewest}) and none afterwards\n`
      : `NOT as it should be: eight crowded guests: ${broken.join('; ')}\n`,
  )
  return passed
}

async function memoryCase(): Promise<boolean> {
  console.log(
    'The balloons (case M1): the program in guest1 grows to its maximum, then frees all; three guests are idle\n',
  )
  await using host = simulate(scenarios.M1())
  const domains = await host.domains()
  const ticks = await run(host, { interval: 2000, ticks: 90, ballooning: ballooning.shares() }, 100)
  const programsLost = domains
    .filter(({ uuid }) => host.truth(uuid)?.programsKilled !== 0)
    .map(({ name }) => name)
  const verdict = judgeMemory(ticks, { growing: ['guest1'], programsLost })
  const unused = ((verdict.minimumUnused ?? 0) / MiB).toFixed(0)
  console.log(
    verdict.passed
      ? `As it should be: the growing guest reached its maximum and gave back, the idle guests kept ${unused} MiB unused, the host its reserve, no guest was harmed\n`
      : `NOT as it should be: the growing guest: ${verdict.broken.join('; ')}\n`,
  )
  return verdict.passed
}

const right = [await balanceCase(), await memoryCase()]
process.exitCode = right.every(Boolean) ? 0 : 1
