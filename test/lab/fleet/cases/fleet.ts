import { setTimeout as sleep } from 'node:timers/promises'
import type { StepResult } from '../../../../lib/fleet/tick/fleet-tick.ts'
import { mean } from '../../../../lib/util/statistics.ts'
import type { CaseResult } from '../../cases/case.ts'
import { settled } from '../../cases/case.ts'
import { type FleetStage, Work } from '../fleet-stage.ts'
import type { FleetCase } from './fleet-case.ts'

const guests = 6
/** Each wants a quarter of a pCPU, and waits for it: six of them want one and a half of the one that they have. */
const load = 'loop 10 30'
/** With two of them moved the first host would still have no more than it needs; with three both have some to spare. */
const fewest = 3
/** Rounds of the leader in which nothing is to be done any more, and milliseconds from one to the next. */
const rest = 60
const roundEvery = 2_000
/** What was predicted of a delay and what was measured may differ by. */
const tolerance = 0.1
/** Part of a host's pCPU that other programs may take on average before a run counts as disturbed. */
const mostOfOthers = 0.25
/** Milliseconds between two looks at the guests and at what the leader did. */
const lookEvery = 3_000
/** Milliseconds that it may take until all is moved: after a step that did not help, as on a busy machine, none comes for 300 s. */
const patience = 600_000

/**
 * Two hosts, one with six busy guests and one without any: they are migrated with the fewest moves that suffice, go on computing,
 * wait as long as was predicted, and stay where they are then.
 */
export const FLEET: FleetCase = { hosts: ['full', 'idle'], run }

async function run(stage: FleetStage): Promise<CaseResult> {
  const { lab } = stage
  const [full, idle] = [lab.host('full'), lab.host('idle')]
  const names = Array.from({ length: guests }, (_, i) => `busy${i + 1}`)
  const started = await lab.startAll(
    full,
    names.map((name) => ({ name, memoryMiB: 128 })),
  )
  // Not from the start: six that boot on one pCPU take minutes.
  for (const guest of started) await guest.pin('0')
  for (const guest of started) await guest.send(load)
  await settled(started, 0.1, 0.6)
  const work = new Work(lab, names)
  await work.look()
  await Promise.all([stage.join(full, 0), stage.join(idle, 1)])

  const isBalanced = async () => {
    const ticks = await stage.history()
    return (
      ticks.flatMap(({ outcomes }) => outcomes).filter(({ error }) => error === undefined).length >= fewest
    )
  }
  const deadline = Date.now() + patience
  let known = 0
  /** What other programs than guests took of each host's pCPU: a host whose pCPU others have cannot take any guest. */
  const others: number[] = []
  while (Date.now() < deadline && !(await isBalanced())) {
    // What looks takes a pCPU too.
    await sleep(lookEvery)
    await work.look()
    for (const { report } of await stage.bus.reports()) others.push(report.cpu.background)
    const ticks = await stage.history()
    for (const tick of ticks.slice(known)) stage.options.log(`leader: ${tick.summary}`)
    known = ticks.length
  }
  const moved = await isBalanced()
  const balancedAt = (await stage.history()).length
  if (moved) {
    // Rounds in which nothing happens are not in the history.
    const restedAt = Date.now() + rest * roundEvery
    while (Date.now() < restedAt) {
      await sleep(lookEvery)
      await work.look()
    }
  }
  await work.look()

  const ticks = await stage.history()
  const orders = ticks.flatMap(({ ordered }) => ordered)
  const afterwards = ticks.slice(balancedAt).flatMap(({ ordered }) => ordered)
  const failed = ticks.flatMap(({ outcomes }) => outcomes).filter(({ error }) => error !== undefined)
  const results = ticks.flatMap((tick) => tick.results)
  const misses = results.map(missOf).filter((miss) => miss !== undefined)
  const places = await Promise.all(names.map(async (name) => (await lab.whereIs(name))?.name ?? 'nowhere'))
  const broken = [...work.broken]
  if (orders.length !== fewest) broken.push(`${orders.length} migrations, not ${fewest}`)
  for (const { order, error } of failed) broken.push(`order ${order} failed: ${error!.message}`)
  const onFull = places.filter((place) => place === 'full').length
  if (onFull !== guests - fewest) broken.push(`${onFull} guests are left on the full host`)
  if (afterwards.length > 0) broken.push(`${afterwards.length} migrations after it was balanced`)
  if (results.length === 0) broken.push('nothing was seen of what came of the moves')
  const worst = Math.max(0, ...misses)
  if (worst > tolerance) {
    broken.push(`a delay was ${Math.round(100 * worst)} points off what was predicted`)
  }
  return {
    case: 'FLEET',
    othersPercent: Math.round(100 * mean(others)),
    disturbed: mean(others) > mostOfOthers,
    passed: broken.length === 0,
    broken,
    migrations: orders.length,
    fewest,
    migrationsAfterBalance: afterwards.length,
    roundsAfterBalance: moved ? rest : 0,
    worstMissPoints: Number((100 * worst).toFixed(1)),
    results: results.map(({ step, seen, verdict }) => ({
      guest: step.guestName,
      predicted: [step.predicted.from.delay, step.predicted.to.delay],
      seen: [seen.from.delay, seen.to.delay],
      verdict,
    })),
    places,
  }
}

/** How far the measured delay of the worse-served host is from what was predicted; undefined: not measured. */
function missOf({ step, seen }: StepResult): number | undefined {
  const worse = (figures: StepResult['seen']) => {
    const { from, to } = figures
    return from.delay === undefined || to.delay === undefined ? undefined : Math.max(from.delay, to.delay)
  }
  const [predicted, measured] = [worse(step.predicted), worse(seen)]
  return predicted === undefined || measured === undefined ? undefined : Math.abs(predicted - measured)
}
