import { pathToFileURL } from 'node:url'
import type * as Ballast from '../../lib/index.ts'
import { FakeHost } from './fake-host.ts'
import { SyntheticLoad } from './synthetic-load.ts'
import { threadTime } from './thread-time.ts'

/** Milliseconds between ticks of the loop, on the clock of the fake host. */
const interval = 2_000

const [entry, guests, pcpus, warmUps, ticks] = process.argv.slice(2)
const { autopilot, ballooning, CpuSet, schedulers } = (await import(
  pathToFileURL(entry!).href
)) as typeof Ballast

const size = { guests: Number(guests), pcpus: Number(pcpus) }
const load = new SyntheticLoad(size, 42, (cpus) => CpuSet.from(cpus))
const host = new FakeHost(load)
const pilot = autopilot(host, {
  interval,
  scheduler: schedulers.balance(),
  ballooning: ballooning.shares(),
  ticks: Number(warmUps) + Number(ticks),
})
const times: number[] = []
let actions = 0
let changed = 0
let between = 0
host.prepare()
for (;;) {
  const begun = threadTime()
  const next = await pilot.next()
  const took = threadTime() - begun
  if (next.done) break
  const tick = next.value
  if (tick.cause === 'emergency') {
    between += took
    continue
  }
  if (times.length >= Number(warmUps)) {
    actions += tick.outcomes.length
    if (tick.outcomes.length > 0) changed++
  }
  times.push(took + between)
  between = 0
  host.prepare()
}
console.log(JSON.stringify({ ms: times.slice(Number(warmUps)), actions, changed }))
