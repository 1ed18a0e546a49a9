import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { MemoryHold } from '../../../../lib/view/view.ts'
import type { Guest } from '../../guest.ts'
import { endProcess, signal } from '../../processes.ts'
import { domainNames, virsh } from '../../virsh.ts'
import { type Fault, type Trial, whileAtWork } from './fault.ts'
import type { Seen } from './run.ts'

/** Beats that the others are watched while one guest is stuck. */
const stuckFor = 4
/** Beats that libvirt takes at least to destroy a stuck guest. */
const beatsOfDestroy = 8
/** Guests that are stuck together with the one that faults befall: more than libvirtd works on for one connection. */
const moreStuck = 6

/** What befalls a guest's own process. */
export const qemuFaults: readonly Fault[] = [
  whileAtWork('QEMU stopped', async (trial) => {
    await whileStuck(trial, [trial.victim], () => trial.othersGoOn(stuckFor))
  }),

  // As when the storage of many goes away.
  whileAtWork('many QEMUs stopped at once', async (trial) => {
    const { ground, victim, others } = trial
    const names = Array.from({ length: moreStuck }, (_, i) => `aos_more${i + 1}`)
    const more = await ground.lab.startAll(names.map((name) => ground.definition(name)))
    try {
      await trial.served(more)
      await whileStuck(trial, [victim, ...more], async () => {
        await trial.othersGoOn(2 * stuckFor)
        const began = performance.now()
        await domainNames(ground.lab.uri)
        trial.figures.secondsToList = secondsSince(began)
        const { ticksLost } = trial.run.figures
        trial.require(ticksLost === 0, `${ticksLost} ticks were lost`)
      })
      await trial.served([victim, ...others, ...more])
    } finally {
      await Promise.all(more.map((guest) => guest.destroy()))
    }
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
    await whileStuck(trial, [trial.victim], async () => {
      const { ground, victim } = trial
      // One that changes nothing: a balloon that somebody else has set goes on another way.
      const args = ['-q', '-c', ground.lab.uri, 'dommemstat', victim.domain]
      const client = spawn('virsh', args, { stdio: 'ignore' })
      await once(client, 'spawn')
      await trial.othersGoOn(2)
      trial.require(client.exitCode === null, 'the call of the other client did not hang')
      await endProcess(client.pid!, 0)
      await trial.othersGoOn(stuckFor)
    })
  }),

  whileAtWork('destroy of a stuck guest', async (trial) => {
    const { ground, run, victim, others } = trial
    trial.survivors = others
    victim.freeze(true)
    await stuck(trial, [victim])
    const began = performance.now()
    const destroyed = virsh(ground.lab.uri, 'destroy', victim.domain)
    // libvirt keeps the guest locked until its process is gone, and whoever wants a list waits for that: but us.
    const unlisted = longestList(ground.lab.uri, destroyed)
    // Only where the addon asks for one meanwhile: no event has it ask.
    const late = await run.until(({ tick }) => (tick.listAge ?? 0) > 0, beatsOfDestroy)
    trial.figures.listAge = late?.tick.listAge
    await destroyed
    trial.figures.secondsToDestroy = secondsSince(began)
    trial.figures.secondsWithoutList = await unlisted
    await gone(trial)
    const { ticksLost } = run.figures
    trial.require(ticksLost === 0, `${ticksLost} ticks were lost`)
    await trial.othersGoOn(2)
  }),
]

/** Stops the QEMUs of these guests, does `meanwhile` once they are known to be stuck, and lets them go on. */
async function whileStuck(
  trial: Trial,
  guests: readonly Guest[],
  meanwhile: () => Promise<void>,
): Promise<void> {
  for (const guest of guests) guest.freeze(true)
  try {
    await stuck(trial, guests)
    await meanwhile()
  } finally {
    for (const guest of guests) guest.freeze(false)
  }
  await trial.see('all are back', (seen) => guests.every((guest) => holdOf(seen, guest) === undefined))
}

async function stuck(trial: Trial, guests: readonly Guest[]): Promise<void> {
  await trial.see('all are told to be stuck', (seen) =>
    guests.every((guest) => holdOf(seen, guest) === 'stuck'),
  )
}

/** Seconds that another client waited longest for a list of the guests before `end`. */
async function longestList(uri: string, end: Promise<unknown>): Promise<number> {
  let hasEnded = false
  const ending = end.finally(() => {
    hasEnded = true
  })
  let longest = 0
  while (!hasEnded) {
    const began = performance.now()
    await domainNames(uri)
    longest = Math.max(longest, secondsSince(began))
  }
  await ending
  return longest
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10
}

/** Waits until the victim is there no more. */
export async function gone(trial: Trial): Promise<void> {
  const isThere = ({ tick }: Seen) => tick.view.domains.some(({ name }) => name === trial.victim.domain)
  await trial.see('the guest is gone', (seen) => seen.isFresh && !isThere(seen), 3)
}

function holdOf({ tick }: Seen, { domain }: Guest): MemoryHold | undefined {
  return tick.view.domains.find(({ name }) => name === domain)?.memory.hold
}
