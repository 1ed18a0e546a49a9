import { totalmem } from 'node:os'
import { MiB } from '../../../../lib/util/units.ts'
import type { CaseResult } from '../../cases/case.ts'
import { until } from '../../processes.ts'
import { type FleetStage, Work } from '../fleet-stage.ts'
import type { FleetCase } from './fleet-case.ts'

/** What the guests of the small host may hold in all, with what their hypervisors take. */
const budgetMiB = 1_100
const maximumMiB = 512
const startMiB = 256
/** What the programs of two guests grow to, and in how many seconds by how much. */
const growTo = 320
const grow = `grow 120 40 ${growTo}`
const patience = 300_000

/**
 * A host whose guests come to need more memory than it may give, beside one with plenty: the guest that costs the least to
 * move goes, the two that grow get what they need, and no program is killed.
 */
export const FLEET_MEMORY: FleetCase = { hosts: ['tight', 'roomy'], run }

async function run(stage: FleetStage): Promise<CaseResult> {
  const { lab } = stage
  const [tight, roomy] = [lab.host('tight'), lab.host('roomy')]
  const names = ['grower1', 'grower2', 'small']
  const guests = await lab.startAll(
    tight,
    names.map((name) => ({ name, memoryMiB: startMiB, maximumMiB })),
  )
  for (const guest of guests) await guest.send('loop 5 95')
  const work = new Work(lab, names)
  await work.look()
  const memoryReserve = `${Math.round(totalmem() / MiB) - budgetMiB}MiB`
  await Promise.all([stage.join(tight, 0, { memoryReserve }), stage.join(roomy, 1)])
  await stage.allReport()

  for (const guest of guests.slice(0, 2)) await guest.send(grow)
  const held = async () => {
    await work.look()
    const stats = await Promise.all(
      names.map(async (name) => (await lab.guest(name)).stat().catch(() => undefined)),
    )
    return stats.map((stat) => Math.round((stat?.held ?? 0) / MiB))
  }
  const isGrown = await until(
    'both programs have all that they want',
    patience,
    async () => {
      const [first = 0, second = 0] = await held().catch(() => [])
      return first >= growTo && second >= growTo
    },
    1_000,
  ).catch(() => false)
  // What was ordered until then is to end.
  await until('all orders are over', patience, async () => (await stage.bus.open()).length === 0, 1_000)
  const heldMiB = await held()

  const ticks = await stage.history()
  const ordered = ticks.flatMap((tick) => tick.ordered)
  const moved = ordered.map(({ step }) => step.guestName)
  const broken = [...work.broken]
  if (!isGrown) broken.push(`the programs hold ${heldMiB.join(', ')} MiB, not ${growTo}`)
  if (moved.join() !== 'small') broken.push(`moved: ${moved.join(', ') || 'none'}; the cheapest is small`)
  for (const { order, error } of ticks.flatMap(({ outcomes }) => outcomes)) {
    if (error) broken.push(`order ${order} failed: ${error.message}`)
  }
  return {
    case: 'FLEET-MEMORY',
    passed: broken.length === 0,
    broken,
    moved,
    cost: ordered.map(({ step }) => step.cost),
    programsKilled: work.broken.filter((line) => line.includes('killed')).length,
    heldMiB,
    budgetMiB,
  }
}
