/**
 * The classic monitor: a line per physical CPU and a line per guest, every so many seconds. Changes nothing:
 *
 *     npx tsx examples/monitor.ts <seconds> [--connect URI]
 */
import { parseArgs } from 'node:util'
import { autopilot, connect } from 'ballast'
import { classicCpuLines, classicMemoryLines } from './classic-lines.ts'

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { connect: { type: 'string' } },
  })
  const seconds = Number(positionals[0])
  if (positionals.length !== 1 || !(seconds > 0)) {
    throw new Error('expected one argument, the interval in seconds, such as 1')
  }

  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())

  await using host = await connect(values.connect, { readOnly: true })
  for await (const { index, view } of autopilot(host, { interval: 1000 * seconds, signal: stop.signal })) {
    if (index === 0) continue // the first look at counters tells no usage yet
    for (const line of [...classicCpuLines(view), ...classicMemoryLines(view)]) console.log(line)
    console.log()
  }
}

main().catch((error: Error) => {
  console.error(`monitor: ${error.message}`)
  process.exitCode = 1
})
