import { setTimeout as sleep } from 'node:timers/promises'
import { shares } from '../../../lib/ballooning/index.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { Random } from '../../../lib/util/random.ts'
import { MiB } from '../../../lib/util/units.ts'
import { Ground } from '../cases/faults/ground.ts'
import { harmSince, healthOf } from '../cases/faults/harm.ts'
import type { Run } from '../cases/faults/run.ts'
import { reserveFor } from '../cases/memory-host.ts'
import type { Guest } from '../guest.ts'
import { changeLoad, disturbances } from './disturbances.ts'
import { type Usage, usage } from './usage.ts'

const interval = 1_000
/** Milliseconds of faults before what the process holds is first looked at: V8 still compiles what runs often. */
const warmUp = 180_000
/** Milliseconds after which no thread of the addon waits for another call: a little more than its pool's 10 s. */
const idleTime = 15_000
/** Beats within which every guest has to be looked at again after a fault. */
const mostBeats = 15
/** Bytes that the guests have less than they could take. */
const lacking = 64 * MiB
/** Percent by which resident memory may grow. */
const mostGrowth = 5

export interface SoakOptions {
  /** Milliseconds, after three minutes that are not counted. */
  readonly duration: number
  /** The same seed gives the same faults in the same order. */
  readonly seed: number
  readonly log: (line: string) => void
}

/** What a soak came to. */
export interface SoakResult {
  readonly seed: number
  readonly passed: boolean
  readonly ticks: number
  readonly ticksLost: number
  readonly actions: number
  readonly wrongActions: number
  /** By kind: how often it was injected, and how often the controllers were back at work in time. */
  readonly faults: Readonly<Record<string, { readonly injected: number; readonly survived: number }>>
  readonly start: Usage
  readonly end: Usage
  readonly growthPercent: number
  readonly guestsHarmed: number
  /** Turns in which more was granted than the host has to give. */
  readonly reserveBroken: number
  readonly broken: readonly string[]
}

/** Controllers at work for long, on guests whose loads change, while one random fault after the other befalls them. */
export async function soak({ duration, seed, log }: SoakOptions): Promise<SoakResult> {
  await using ground = await Ground.set({ system: false, off: false, log })
  const guests = await ground.guests()
  await using host = await ground.connect()
  const hostMemoryReserve = await reserveOf(ground)
  const begin = () =>
    ground.run(host, { interval, scheduler: balance(), ballooning: shares(), hostMemoryReserve })
  let run = begin()
  /** What is held while nothing is done: threads that wait for calls have ended by then. */
  const atRest = async () => {
    await run.end()
    await sleep(idleTime)
    return usage()
  }
  const random = new Random(seed, 'soak')
  const counts = new Map(Object.keys(disturbances).map((name) => [name, { injected: 0, survived: 0 }]))
  const harm: string[] = []
  const broken: string[] = []

  const round = async (name: string, counted: boolean) => {
    const at = random.below(guests.length)
    const guest = guests[at]!
    await Promise.all(guests.map((one) => (random.below(2) === 0 ? changeLoad(one, random) : undefined)))
    const health = await healthOf(guests)
    log(`== ${name}: ${guest.name}`)
    const next = await disturbances[name]!({ ground, run, random, guest })
    if (next) guests[at] = next
    const isBack = await seesAll(run, guests)
    const harmed = await harmSince(health.filter((one) => guests.includes(one.guest)))
    harm.push(...harmed)
    if (!isBack) broken.push(`not all guests were looked at again after: ${name}`)
    if (!counted) return
    const count = counts.get(name)!
    count.injected++
    if (isBack && harmed.length === 0) count.survived++
    await sleep(2_000 * random.next())
  }

  const names = Object.keys(disturbances)
  const warm = performance.now() + warmUp
  for (let i = 0; performance.now() < warm; i++) await round(names[i % names.length]!, false)
  const start = await atRest()
  const before = run.figures
  run = begin()
  const until = performance.now() + duration
  while (performance.now() < until) await round(names[random.below(names.length)]!, true)
  const end = await atRest()
  const after = run.figures
  const wrong = [...before.wrong, ...after.wrong]

  const growthPercent = Number((100 * (end.resident / start.resident - 1)).toFixed(1))
  const reserveBroken = wrong.filter((why) => why.includes('the budget is')).length
  broken.push(
    ...harm,
    ...wrong,
    ...(growthPercent > mostGrowth ? [`resident memory grew by ${growthPercent} %`] : []),
    ...(end.handles > start.handles ? [`${end.handles - start.handles} handles more`] : []),
    ...(end.placements > guests.length
      ? [`${end.placements} handles of where ${guests.length} vCPUs run`]
      : []),
    ...(end.threads > start.threads ? [`${end.threads - start.threads} threads more`] : []),
  )
  return {
    seed,
    passed: broken.length === 0,
    ticks: after.ticks,
    ticksLost: after.ticksLost,
    actions: after.actions,
    wrongActions: wrong.length,
    faults: Object.fromEntries(counts),
    start,
    end,
    growthPercent,
    guestsHarmed: harm.length,
    reserveBroken,
    broken,
  }
}

/** Whether soon a tick knows what each of these guests does, and its memory. */
async function seesAll(run: Run, guests: readonly Guest[]): Promise<boolean> {
  const found = await run.until(({ tick: { view }, isFresh }) => {
    const known = guests.filter(({ domain }) => {
      const seen = view.domains.find(({ name }) => name === domain)
      return seen?.memory.hold === undefined && seen?.vcpus.every(({ usage }) => usage !== undefined)
    })
    return isFresh && known.length === guests.length
  }, mostBeats)
  return found !== undefined
}

/** A reserve that leaves the guests a little less than they have. */
async function reserveOf(ground: Ground): Promise<number> {
  await using host = await ground.connect()
  const run = ground.run(host, { interval })
  const known = await run.until(
    ({ tick }) => tick.view.domains.every(({ memory }) => memory.rss !== undefined),
    20,
  )
  await run.end()
  if (!known) throw new Error('The guests do not tell their memory')
  return reserveFor(known.tick.view, -lacking)
}
