/**
 * Gives the guests the memory they need by their balloons, and takes back what they do not, every so many seconds:
 *
 *     npx tsx examples/memory-coordinator.ts <seconds> [--connect URI] [--dry-run]
 */
import { parseArgs } from 'node:util'
import { autopilot, ballooning, connect, GiB } from 'ballast'

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { connect: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
  })
  const seconds = Number(positionals[0])
  if (positionals.length !== 1 || !(seconds > 0)) {
    throw new Error('expected one argument, the interval in seconds, such as 2')
  }

  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())

  await using host = await connect(values.connect)
  const pilot = autopilot(host, {
    interval: 1000 * seconds,
    ballooning: ballooning.shares(),
    hostMemoryReserve: 1 * GiB,
    dryRun: values['dry-run'],
    signal: stop.signal,
  })
  for await (const tick of pilot) console.log(tick.summary)
}

main().catch((error: Error) => {
  console.error(`memory-coordinator: ${error.message}`)
  process.exitCode = 1
})
