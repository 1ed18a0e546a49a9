import { Command, InvalidArgumentError } from 'commander'
import { formatBytes } from '../../../lib/util/format.ts'
import { type SoakResult, soak } from './soak.ts'

const began = performance.now()
const log = (line: string) =>
  console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)

function above0(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1e6)) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

/** The result as a table for people. */
function table(result: SoakResult): string {
  const { start, end, faults, growthPercent } = result
  const rows: string[][] = [
    ['fault', 'injected', 'survived'],
    ...Object.entries(faults).map(([name, { injected, survived }]) => [name, `${injected}`, `${survived}`]),
    [],
    ['', 'start', 'end'],
    ['resident memory', formatBytes(start.resident), `${formatBytes(end.resident)} (${growthPercent} %)`],
    ['handles', `${start.handles}`, `${end.handles}`],
    ['threads', `${start.threads}`, `${end.threads}`],
    [],
    ['ticks', `${result.ticks}`, `${result.ticksLost} lost`],
    ['actions', `${result.actions}`, `${result.wrongActions} wrong`],
    ['guests harmed', `${result.guestsHarmed}`],
    ['reserve broken', `${result.reserveBroken}`],
  ]
  return rows
    .map(([name = '', ...cells]) => name.padEnd(38) + cells.map((cell) => cell.padEnd(14)).join(''))
    .join('\n')
}

const program = new Command('soak')
  .description('Real guests under changing loads, controllers at work, and one random fault after the other.')
  .option('--minutes <number>', 'how long, after three minutes that are not counted', above0, 10)
  .option('--seed <number>', 'of the faults and their order', above0, 1)
  .option('--json', 'end with one line of JSON')
  .action(async ({ minutes, seed, json }: { minutes: number; seed: number; json?: boolean }) => {
    const result = await soak({ duration: 60_000 * minutes, seed, log })
    console.log(table(result))
    for (const line of result.broken) console.log(`broken: ${line}`)
    if (json) console.log(JSON.stringify(result))
    if (!result.passed) process.exitCode = 1
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
