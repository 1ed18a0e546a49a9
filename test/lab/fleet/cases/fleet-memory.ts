import { wantsOf } from '../../../../lib/fleet/view/shortage.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { CaseResult } from '../../cases/case.ts'
import { mib } from '../../cases/memory-host.ts'
import { until } from '../../processes.ts'
import { Counterweight } from '../counterweight.ts'
import type { LabHost } from '../fleet-lab.ts'
import { type FleetStage, Work } from '../fleet-stage.ts'
import type { FleetCase } from './fleet-case.ts'

/** What the programs of the guests hold before any of them grows. */
const first = [
  { name: 'grower1', maximumMiB: 704, holdsMiB: 320 },
  { name: 'grower2', maximumMiB: 704, holdsMiB: 320 },
  { name: 'small', maximumMiB: 320, holdsMiB: 140 },
]
const growers = ['grower1', 'grower2']
/** What other programs, and a guest that leaves, may take of the machine's memory before the host has less for it. */
const spare = 1_536 * MiB
/** What the host can give beyond what its guests need at first, and what of it is left when programs grow no faster than a move takes. */
const room = 240 * MiB
const closeTo = 70 * MiB
/** MiB that a program takes at once, and every how many seconds. */
const fast = 'grow 2 1'
const slow = 'grow 1 2'
/** MiB that each program goes on to take once there is memory for it. */
const further = 40
/** Looks in a row that have to agree, within so many bytes, on what is needed. */
const looks = 4
const noise = 8 * MiB
const patience = 300_000
/** Moves for memory alone: how busy the machine is must not matter. */
const fleet = ['policy: { policy: balance, delay: 1, deviation: 1 }']

/**
 * A host whose guests come to need more memory than it has, beside one with plenty: the guest that costs the least to move goes,
 * the two that grow get what they need, and no program is killed. The first host is made small by a reserve that is worked out from
 * what there is when the guests run.
 */
export const FLEET_MEMORY: FleetCase = { hosts: ['tight', 'roomy'], run }

async function run(stage: FleetStage): Promise<CaseResult> {
  const { lab } = stage
  const { log } = stage.options
  const [tight, roomy] = [lab.host('tight'), lab.host('roomy')]
  const names = first.map(({ name }) => name)
  const guests = await lab.startAll(
    tight,
    first.map(({ name, maximumMiB }) => ({ name, memoryMiB: maximumMiB })),
  )
  for (const [i, guest] of guests.entries()) {
    await guest.send('loop 5 95')
    await guest.send(`mem +${first[i]!.holdsMiB}`)
  }
  for (const [i, guest] of guests.entries()) {
    const isHeld = async () => (await guest.stat()).held >= first[i]!.holdsMiB * MiB
    await until(`${guest.name} holds what it is to`, patience, isHeld, 1_000)
  }
  await using weight = await Counterweight.hold(spare, tight)
  const work = new Work(lab, names)
  await work.look()

  const plenty = await stage.join(tight, 0, { fleet })
  const wants = await steady(async () => (await lookAt(stage, tight, names))?.wants)
  const hostMemoryReserve = weight.level - wants - room
  log(
    `tight has ${mib(weight.level)} MiB, its guests need ${mib(wants)}; its reserve: ${mib(hostMemoryReserve)} MiB`,
  )
  await plenty.stop()
  await Promise.all([
    stage.join(tight, 0, { fleet, memoryReserve: hostMemoryReserve }),
    stage.join(roomy, 1, { fleet }),
  ])
  await stage.allReport()

  const held = async (name: string) => {
    const stat = await (await lab.guest(name)).stat()
    return Math.round(stat.held / MiB)
  }
  const send = async (order: string) => {
    for (const name of growers) await (await lab.guest(name)).send(order)
  }
  const hasLeft = async () => (await lab.whereIs('small').catch(() => undefined)) === roomy
  let speed: string | undefined
  const lefts: number[] = []
  const isMoved = await until(
    'the host is short, and a guest has gone',
    patience,
    async () => {
      await work.look()
      if (work.broken.length > 0) throw new Error(work.broken.join('; '))
      if (await hasLeft()) return true
      const seen = await lookAt(stage, tight, names)
      if (!seen) return false
      lefts.push(seen.left)
      log(`  ${mib(seen.left)} MiB left: ${seen.shown}; counterweight ${mib(weight.size)}`)
      // A need may jump for a moment: one look is no reason to grow slowly from there on.
      const isClose = speed === slow || Math.max(...lefts.slice(-looks)) <= closeTo
      const wanted = isClose ? slow : fast
      if (wanted !== speed) await send(wanted)
      speed = wanted
      return false
    },
    2_000,
  ).catch((error) => {
    log(String(error))
    return false
  })
  const goal = Math.max(...(await Promise.all(growers.map(held)))) + further
  await send(`grow 1 1 ${goal}`)
  const hasGrown = async () => (await Promise.all(growers.map(held))).every((size) => size >= goal)
  const isGrown =
    isMoved && (await until('the programs have all', patience, hasGrown, 2_000).catch(() => false))
  await until('all orders are over', patience, async () => (await stage.bus.open()).length === 0, 1_000)
  await work.look()

  const ticks = await stage.history()
  const ordered = ticks.flatMap((tick) => tick.ordered)
  const moved = ordered.map(({ step }) => step.guestName)
  const broken = [...work.broken]
  if (!isGrown) broken.push(`the programs did not come to ${goal} MiB each`)
  if (moved.join() !== 'small') broken.push(`moved: ${moved.join(', ') || 'none'}; the cheapest is small`)
  for (const { order, error } of ticks.flatMap(({ outcomes }) => outcomes)) {
    if (error) broken.push(`order ${order} failed: ${error.message}`)
  }
  return {
    case: 'FLEET-MEMORY',
    passed: broken.length === 0,
    broken,
    moved,
    reasons: ordered.map(({ step }) => step.reason.kind),
    programsKilled: work.broken.filter((line) => line.includes('killed')).length,
    heldMiB: await Promise.all(names.map((name) => held(name).catch(() => null))),
    leastLeftMiB: mib(Math.min(...lefts)),
    hostMemoryReserveMiB: mib(hostMemoryReserve),
  }
}

/** What the guests of a host need and what it has left then, by its report; undefined: the needs of these are not known. */
async function lookAt(stage: FleetStage, { uuid }: LabHost, names: readonly string[]) {
  const report = (await stage.bus.reports()).find((one) => one.report.host === uuid)?.report
  const guests = report?.guests.filter(({ name }) => names.includes(name)) ?? []
  if (!report || guests.length < names.length || guests.some(({ memory }) => memory.need === undefined)) {
    return undefined
  }
  const { budget, committed } = report.memory
  const beside = guests.reduce((sum, { memory }) => sum - memory.committed, committed)
  const wants = guests.reduce((sum, guest) => sum + wantsOf(guest), Math.max(0, beside))
  const shown = guests.map(({ name, memory }) => {
    return `${name} ${mib(memory.need!)} of ${mib(memory.actual)} and ${mib(memory.overhead ?? 0)}`
  })
  return { wants, left: budget - wants, shown: shown.join(', ') }
}

/** Waits until a figure is known and rests. */
async function steady(look: () => Promise<number | undefined>): Promise<number> {
  const seen: (number | undefined)[] = []
  return until(
    'a figure rests',
    patience,
    async () => {
      const last = seen[seen.push(await look()) - 1]
      const before = seen.slice(-looks)
      const rests =
        before.length === looks && before.every((one) => Math.abs((one ?? Infinity) - (last ?? 0)) < noise)
      return rests && last
    },
    2_000,
  )
}
