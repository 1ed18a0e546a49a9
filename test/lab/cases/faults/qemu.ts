import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { MemoryHold } from '../../../../lib/view/view.ts'
import type { Guest } from '../../guest.ts'
import { endProcess, signal } from '../../processes.ts'
import { virsh } from '../../virsh.ts'
import { type Fault, type Trial, whileAtWork } from './fault.ts'
import type { Seen } from './run.ts'

/** Beats that the others are watched while one guest is stuck. */
const stuckFor = 4

/** What befalls a guest's own process. */
export const qemuFaults: readonly Fault[] = [
  whileAtWork('QEMU stopped', async (trial) => {
    await whileStuck(trial, () => trial.othersGoOn(stuckFor))
  }),

  whileAtWork('QEMU killed during a poll', async (trial) => {
    const { run, victim, others } = trial
    trial.survivors = others
    const killed = new Promise<void>((resolve) => {
      run.tap.duringMemorySample = () => {
        signal(victim.pid, 'SIGKILL')
        resolve()
      }
    })
    await killed
    await gone(trial)
    await trial.othersGoOn(2)
  }),

  whileAtWork('client killed while its call hangs on a stuck guest', async (trial) => {
    await whileStuck(trial, async () => {
      const { ground, victim } = trial
      const args = ['-q', '-c', ground.lab.uri, 'setmem', victim.domain, '256M', '--live']
      const client = spawn('virsh', args, { stdio: 'ignore' })
      await once(client, 'spawn')
      await trial.othersGoOn(2)
      trial.require(client.exitCode === null, 'the call of the other client did not hang')
      await endProcess(client.pid!, 0)
      await trial.othersGoOn(stuckFor)
    })
  }),

  whileAtWork('destroy of a stuck guest', async (trial) => {
    const { ground, victim, others } = trial
    trial.survivors = others
    const began = performance.now()
    victim.freeze(true)
    await stuck(trial)
    const destroyed = virsh(ground.lab.uri, 'destroy', victim.domain)
    await trial.othersGoOn(stuckFor)
    await destroyed
    trial.figures.secondsToDestroy = Math.round((performance.now() - began) / 1_000)
    await gone(trial)
  }),
]

/** Stops the victim's QEMU, does `meanwhile` once it is known to be stuck, and lets it go on. */
async function whileStuck(trial: Trial, meanwhile: () => Promise<void>): Promise<void> {
  trial.victim.freeze(true)
  try {
    await stuck(trial)
    await meanwhile()
  } finally {
    trial.victim.freeze(false)
  }
  await trial.see('the stuck guest is back', (seen) => holdOf(seen, trial.victim) === undefined)
}

async function stuck(trial: Trial): Promise<void> {
  await trial.see('the guest is told to be stuck', (seen) => holdOf(seen, trial.victim) === 'stuck')
}

/** Waits until the victim is there no more. */
export async function gone(trial: Trial): Promise<void> {
  const isThere = ({ tick }: Seen) => tick.view.domains.some(({ name }) => name === trial.victim.domain)
  await trial.see('the guest is gone', (seen) => seen.isFresh && !isThere(seen), 3)
}

function holdOf({ tick }: Seen, { domain }: Guest): MemoryHold | undefined {
  return tick.view.domains.find(({ name }) => name === domain)?.memory.hold
}
