import { readFile, writeFile } from 'node:fs/promises'
import { BallastError } from '../host/errors.ts'
import { fromPlain, type Plain, toPlain } from '../recording/plain.ts'
import type { Scenario } from '../simulation/scenario.ts'
import { topologyOf } from '../simulation/topology.ts'
import { validateScenario } from '../simulation/validate.ts'
import type { FittedLoad } from './load.ts'

/** The version of the format, in its first field. */
const scenarioVersion = 1
/** Milliseconds that a bare scenario is played for after its last change, and from tick to tick. */
const usualEnd = 60_000
const usualInterval = 2_000

/** Writes a load as JSON; docs/whatif.md has the format. */
export async function writeScenarioFile(path: string, { scenario, ...load }: FittedLoad): Promise<void> {
  const plain = { ballastScenario: scenarioVersion, ...load, scenario: toPlain(scenario) }
  try {
    await writeFile(path, `${JSON.stringify(plain)}\n`)
  } catch (error) {
    throw new BallastError('ERR_SCENARIO', `Cannot write ${path}: ${messageOf(error)}`)
  }
}

/**
 * Reads what {@link writeScenarioFile} wrote, or a scenario alone, as `simulate` takes it. Rejects with `ERR_SCENARIO` for
 * what is neither, and for a scenario that makes no sense.
 */
export async function readScenarioFile(path: string): Promise<FittedLoad> {
  const value = parsed(path, await text(path))
  const { ballastScenario, ...load } = value as Partial<FittedLoad> & { readonly ballastScenario?: unknown }
  if (ballastScenario === undefined) return bareLoad(path, fromPlain(value as Plain) as Scenario)
  if (ballastScenario !== scenarioVersion) {
    throw unreadable(
      path,
      `it has version ${String(ballastScenario)} of the format, and this Ballast reads ${scenarioVersion}: use a newer one`,
    )
  }
  const { lead, interval, ticks, hostMemory, notes } = load
  const isWhole =
    isPositive(interval) &&
    isPositive(ticks) &&
    isPositive(hostMemory) &&
    isPositive(lead) &&
    Array.isArray(notes)
  if (!isWhole) throw unreadable(path, 'lead, interval, ticks, hostMemory and notes must all be there')
  return {
    lead,
    interval,
    ticks,
    hostMemory,
    notes,
    scenario: sound(path, fromPlain(load.scenario as unknown as Plain) as Scenario),
  }
}

function bareLoad(path: string, scenario: Scenario): FittedLoad {
  const { changes = [], pcpus, memory } = sound(path, scenario)
  const end = changes.reduce((last, { at }) => Math.max(last, at), 0) + usualEnd
  return {
    scenario,
    lead: 0,
    interval: usualInterval,
    ticks: Math.ceil(end / usualInterval),
    hostMemory: topologyOf(pcpus, memory).memory,
    notes: [],
  }
}

function sound(path: string, scenario: Scenario): Scenario {
  try {
    validateScenario(scenario)
    return scenario
  } catch (error) {
    throw unreadable(path, messageOf(error))
  }
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unreadable(path, messageOf(error))
  }
}

function parsed(path: string, json: string): object {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw unreadable(path, `it is no JSON: ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(path, 'it is no object')
  }
  return value
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value)
}

function unreadable(path: string, why: string): BallastError {
  return new BallastError('ERR_SCENARIO', `Cannot read the scenario ${path}: ${why}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
