/**
 * A program that serves the page of a made-up host, a Tick a second: `page-child.ts [--no-page]`. Prints the address, and at each
 * line of stdin the milliseconds of CPU time that it has used by then.
 */
import { createInterface } from 'node:readline'
import { serveLivePage } from '../../lib/cli/page/live-page.ts'
import { largeTicks } from './large-ticks.ts'

const isServed = process.argv[2] !== '--no-page'
// Made before: what it costs to make them is no part of the page.
const ticks = largeTicks(30)
const place = { address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tokenFile: undefined } as const
const page = isServed
  ? await serveLivePage(place, 'bench:///', (problem) => console.error(problem))
  : undefined
page?.begin({ scheduler: 'balance', dryRun: true, interval: 1_000 })
let index = 0
setInterval(() => {
  const tick = ticks[index % ticks.length]!
  page?.observe({ ...tick, index, wallTime: ticks[0]!.wallTime + 1_000 * index })
  index++
}, 1_000)
console.log(page?.address ?? 'none')
createInterface({ input: process.stdin })
  .on('line', () => {
    const { user, system } = process.cpuUsage()
    console.log((user + system) / 1_000)
  })
  .on('close', () => process.exit())
