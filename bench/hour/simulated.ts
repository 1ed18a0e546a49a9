import { setImmediate } from 'node:timers/promises'
import { autopilot } from '../../lib/control/autopilot.ts'
import { Recorder } from '../../lib/recording/recorder.ts'
import { type Change, type Scenario, simulate } from '../../lib/simulation/index.ts'
import { GiB } from '../../lib/util/units.ts'
import type { View } from '../../lib/view/view.ts'
import { type HourFacts, type HourRun, pilot } from './run.ts'
import { guestMemory, guestsPerPcpu, programOf, type Turn, turnsOf } from './turns.ts'

const pcpus = 4

/** Records the turns of simulated guests. */
export async function recordSimulated({ directory, seed, length }: HourRun): Promise<HourFacts> {
  const guests = guestsPerPcpu * pcpus
  const scenario = scenarioOf(seed, guests, turnsOf(seed, guests, length))
  const options = pilot(length, await firstLook(scenario))
  await using host = simulate(scenario)
  await using recorder = new Recorder(host, directory)
  const { scheduler, ballooning, ticks, ...loop } = options
  const policies = {
    scheduler: { name: 'balance', options: {} },
    ballooning: { name: 'shares', options: {} },
  }
  // Time passes so fast that what writes the files would never come to its turn.
  for await (const _ of recorder.autopilot({ ...loop, scheduler, ballooning, ticks }, { loop, policies }))
    await setImmediate()
  return { pcpus, guests, programsKilled: host.toll.programsKilled }
}

/** The host before anything is changed, once its guests have told their memory. */
async function firstLook(scenario: Scenario): Promise<View> {
  await using host = simulate(scenario)
  for await (const { view } of autopilot(host, { interval: 1_000, ticks: 10 })) {
    if (view.domains.every((domain) => domain.memory.hold === undefined)) return view
  }
  throw new Error('The guests do not tell their memory')
}

function scenarioOf(seed: number, guests: number, turns: readonly Turn[]): Scenario {
  const nameOf = (guest: number) => `guest${guest + 1}`
  const first = turns.slice(0, guests)
  return {
    seed,
    pcpus,
    memory: 8 * GiB,
    domains: first.map((turn) => ({
      name: nameOf(turn.guest),
      vcpus: [{ affinity: `${turn.guest % pcpus}`, load: turn.load }],
      memory: { ...guestMemory, program: programOf(turn) },
    })),
    changes: turns.slice(guests).flatMap((turn): Change[] => [
      { at: turn.at, domain: nameOf(turn.guest), kind: 'load', load: turn.load },
      { at: turn.at, domain: nameOf(turn.guest), kind: 'program', program: programOf(turn) },
    ]),
  }
}
