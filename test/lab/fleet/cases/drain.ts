import type { CaseResult } from '../../cases/case.ts'
import { settled } from '../../cases/case.ts'
import { until } from '../../processes.ts'
import { type FleetStage, Work } from '../fleet-stage.ts'
import type { FleetCase } from './fleet-case.ts'

/** Each wants a third of a pCPU: all of them on one pCPU wait, so that there is something to refill a host for. */
const load = 'loop 10 20'
/** Milliseconds that a host may take to be emptied, or to get a guest back, with all that a busy machine adds. */
const patience = 300_000
/** Milliseconds in which balance alone may bring a guest back. */
const byBalance = 60_000
/** Guests that are never to be on one host. */
const apart = ['db1', 'db2']
const rules = ['rules:', "  apart: ['db*']"]

/** A host is emptied, its guests go where the rules let them, and guests come back once it may have some again. */
export const DRAIN: FleetCase = { hosts: ['leaving', 'other', 'spare'], run }

async function run(stage: FleetStage): Promise<CaseResult> {
  const { lab } = stage
  const [leaving, other, spare] = [lab.host('leaving'), lab.host('other'), lab.host('spare')]
  const names = ['db1', 'web1', 'web2', 'db2']
  const first = ['db1', 'web1', 'web2'].map((name) => ({ name, memoryMiB: 112 }))
  const guests = [
    ...(await lab.startAll(leaving, first)),
    ...(await lab.startAll(other, [{ name: 'db2', memoryMiB: 112 }])),
  ]
  for (const guest of guests) await guest.pin(guest.name === 'db2' ? '1' : '0')
  for (const guest of guests) await guest.send(load)
  await settled(guests, 0.1, 0.7)
  const work = new Work(lab, names)
  await work.look()
  // The first pCPU is that of the host that is emptied; the others share the second.
  await Promise.all([
    stage.join(leaving, 0, { fleet: rules }),
    stage.join(other, 1, { fleet: rules }),
    stage.join(spare, 1, { fleet: rules }),
  ])
  await stage.allReport()

  /** Each of two that are apart is on a host of its own, and no host holds more than it may, whenever it is looked. */
  let brokenRules = 0
  let overfilled = 0
  const places = async () => {
    const found = new Map<string, string>()
    for (const name of names) {
      const host = await lab.whereIs(name)
      if (host) found.set(name, host.name)
    }
    for (const { report } of await stage.bus.reports()) {
      if (report.memory.committed > report.memory.budget) overfilled++
    }
    const [a, b] = apart.map((name) => found.get(name))
    if (a !== undefined && a === b) brokenRules++
    return found
  }
  const emptied = async () => ![...(await places()).values()].includes('leaving')

  await stage.ask('drain', leaving.uuid)
  const isEmpty = await until('the host is empty', patience, emptied, 1_000).catch(() => false)
  await work.look()
  const atEmpty = await stage.history()
  const afterDrain = Object.fromEntries(await places())
  await stage.ask('undrain', leaving.uuid)
  // By itself where that makes anybody wait less; on a machine whose pCPUs others have, when it is asked for.
  const isBack = async () => [...(await places()).values()].includes('leaving')
  const byItself = await until('a guest comes back', byBalance, isBack, 1_000).catch(() => false)
  if (!byItself) await stage.ask('move', 'web1', leaving.uuid).catch((error) => stage.options.log(`${error}`))
  const isRefilled = byItself || (await until('it comes back', patience, isBack, 1_000).catch(() => false))
  await work.look()

  const ticks = await stage.history()
  const outcomes = ticks.flatMap((tick) => tick.outcomes)
  const broken = [...work.broken]
  if (!isEmpty) broken.push('the host was not emptied')
  if (!isRefilled) broken.push('no guest came back')
  if (brokenRules > 0) broken.push(`db1 and db2 were on one host ${brokenRules} times`)
  for (const { order, error } of outcomes) if (error) broken.push(`order ${order} failed: ${error.message}`)
  if (overfilled > 0) broken.push(`${overfilled} times a host held more than its budget`)
  return {
    case: 'DRAIN',
    passed: broken.length === 0,
    broken,
    migrationsToEmpty: atEmpty.flatMap(({ ordered }) => ordered).length,
    migrations: ticks.flatMap(({ ordered }) => ordered).length,
    afterDrain,
    refilledBy: byItself ? 'balance' : 'request',
    atEnd: Object.fromEntries(await places()),
  }
}
