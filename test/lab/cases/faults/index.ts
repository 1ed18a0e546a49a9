import type { CaseOptions } from '../case.ts'
import { withControl } from '../disturbance.ts'
import { repeatDisturbed } from '../repeat.ts'
import { daemonFaults, killedInARow } from './daemon.ts'
import { domainFaults } from './domains.ts'
import type { Fault, FaultResult } from './fault.ts'
import { stoppedWhileFrozen } from './frozen-stop.ts'
import { Ground } from './ground.ts'
import { controllerKilled } from './kills.ts'
import { otherFaults } from './others.ts'
import { qemuFaults } from './qemu.ts'
import { refusals } from './refusals.ts'

export type { FaultResult } from './fault.ts'

export interface FaultOptions extends CaseOptions {
  /** Only faults with one of these in their name. Default: all. */
  readonly only?: readonly string[]
  /** How often libvirtd is killed in a row. Default 20. */
  readonly daemonKills?: number
  /** How often the controller is killed. Default 50. */
  readonly controllerKills?: number
}

/** Whether a fault was ridden out and nothing wrong was done. */
export function hasPassed({ survived, wrongActions }: FaultResult): boolean {
  return survived && wrongActions === 0
}

/** Every fault, in an order in which what takes long comes last. */
export function allFaults({ daemonKills = 20, controllerKills = 50 }: Partial<FaultOptions> = {}): Fault[] {
  return [
    ...qemuFaults,
    ...domainFaults,
    ...daemonFaults,
    stoppedWhileFrozen,
    ...otherFaults,
    ...refusals,
    killedInARow(daemonKills),
    controllerKilled(controllerKills),
  ]
}

/** Breaks a lab in one way after the other while controllers are at work, and tells of each how it went. */
export async function* faults(options: FaultOptions): AsyncGenerator<FaultResult, void, undefined> {
  const { only = [''], system, log } = options
  const chosen = allFaults(options)
    .filter(({ name }) => only.some((part) => name.includes(part)))
    // The daemon of qemu:///system is the machine's, not ours.
    .filter(({ breaksDaemon }) => !(system && breaksDaemon))
  if (chosen.length === 0) throw new Error(`No fault has ${only.join(' or ')} in its name`)
  await using ground = await Ground.set(options)
  for (const fault of chosen) {
    log(`== ${fault.name}`)
    const run = async () => {
      const began = Date.now()
      const result = await fault.befall(ground, fault.name)
      return withControl(result, await ground.control.between(began, Date.now()))
    }
    yield await repeatDisturbed<FaultResult>(run, {
      endedWell: (result) => hasPassed(result) !== options.off,
      log,
    })
  }
}
