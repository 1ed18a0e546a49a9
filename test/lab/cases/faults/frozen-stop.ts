import { rm } from 'node:fs/promises'
import { until } from '../../processes.ts'
import { Command, type Ending } from './cli.ts'
import { nothingDone } from './daemon.ts'
import { type Fault, resultOf } from './fault.ts'
import type { Ground } from './ground.ts'
import { harmSince, healthOf } from './harm.ts'
import { changedSince, settingsAtRest } from './settings.ts'

/** Milliseconds that a stop may take longer when no call returns any more: docs/operating.md promises two seconds. */
const longestStop = 2_000
/** Waits that a stop is a chain of: the restore's timers, and the end of the process. */
const waitsOfStop = 4
/** Milliseconds within which a controller changes something on guests that are all on one pCPU. */
const patience = 60_000

/**
 * SIGTERM for a controller whose libvirtd is frozen: it ends in time and says what is left to do, and `ballast restore`
 * restores it when the daemon goes on.
 */
export const stoppedWhileFrozen: Fault = {
  name: 'controller stopped while libvirtd is frozen',
  breaksDaemon: true,
  async befall(ground, name) {
    const { lab, control } = ground
    const guests = await ground.guests()
    await Promise.all(guests.map((guest) => guest.pin('0')))
    const health = await healthOf(guests)
    const before = await settingsAtRest(lab.uri, guests)
    const journal = `${lab.directory}/frozen-journal`
    const broken: string[] = []
    const require = (isMet: boolean, otherwise: string) => {
      if (!isMet) broken.push(otherwise)
    }
    const restored = async (when: string) => {
      for (const change of await changedSince(before, lab.uri, guests)) broken.push(`${when}: ${change}`)
    }

    // How long a stop takes on this machine while the daemon answers.
    const usual = await stopped(await atWork(ground, journal))
    require(usual.ending.code === 0, `the usual stop ended with ${usual.ending.code}: ${usual.ending.stderr}`)
    await restored('after the usual stop')

    const controller = await atWork(ground, journal)
    await lab.daemon.freeze(true)
    const began = Date.now()
    const frozen = await stopped(controller).finally(() => lab.daemon.freeze(false))
    const { timerLate } = await control.between(began, began + frozen.took)
    const limit = longestStop + usual.took + waitsOfStop * timerLate
    const { code, stderr } = frozen.ending
    require(code === 0, `it ended with ${code}: ${stderr}`)
    require(/"ballast restore" restores/.test(stderr), `it did not say what is left to do: ${stderr}`)
    require(frozen.took <=
      limit, `it ended after ${ms(frozen.took)}, limit ${ms(limit)}; usual ${ms(usual.took)}`)

    const restore = await new Command(ground, ['restore', '--journal', journal]).ended
    require(restore.code === 0, `restore ended with ${restore.code}: ${restore.stderr}`)
    await restored('after restore')
    await rm(journal, { force: true })
    broken.push(...(await harmSince(health)))
    return resultOf(name, nothingDone, broken, { msToStop: frozen.took, msToStopUsually: usual.took })
  },
}

/** A controller that has changed something: its policy spreads vCPUs by their number, whatever else the machine has to do. */
async function atWork(ground: Ground, journal: string): Promise<Command> {
  const controller = new Command(ground, [
    'cpu',
    '1',
    '--scheduler',
    'round-robin',
    '--json',
    '--journal',
    journal,
  ])
  const ended = controller.ended.then(({ code, stderr }) => `it ended with ${code}: ${stderr}`)
  const acts = until('the controller has changed something', patience, async () => controller.changes > 0)
  try {
    const early = await Promise.race([ended, acts])
    if (typeof early === 'string') throw new Error(early)
  } catch (error) {
    await controller.kill()
    throw error
  }
  return controller
}

async function stopped(controller: Command): Promise<{ readonly ending: Ending; readonly took: number }> {
  const began = performance.now()
  const ending = await controller.stop()
  return { ending, took: performance.now() - began }
}

function ms(milliseconds: number): string {
  return `${Math.round(milliseconds)} ms`
}
