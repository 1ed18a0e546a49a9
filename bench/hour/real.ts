import { MiB } from '../../lib/util/units.ts'
import { Stage } from '../../test/lab/cases/case.ts'
import { commandOf } from '../../test/lab/cases/load.ts'
import { firstLook } from '../../test/lab/cases/memory-host.ts'
import type { Guest } from '../../test/lab/guest.ts'
import { type HourFacts, type HourRun, pilot } from './run.ts'
import { growthMiB, guestMemory, guestsPerPcpu, type Turn, turnsOf } from './turns.ts'

/** Records the turns of real guests, on a private host of the lab. */
export async function recordReal({ directory, seed, length, log }: HourRun): Promise<HourFacts> {
  await using stage = await Stage.set({ system: false, off: false, log, recordTo: directory })
  const pcpus = [...stage.host.topology.online]
  const count = guestsPerPcpu * pcpus.length
  const guests = await stage.fresh(
    Array.from({ length: count }, (_, guest) => ({
      name: `aos_hour${guest + 1}`,
      memoryMiB: guestMemory.actual / MiB,
      maximumMiB: guestMemory.maximum / MiB,
      pinnedTo: `${pcpus[guest % pcpus.length]}`,
    })),
  )
  const before = await firstLook(stage)
  const coming = [...turnsOf(seed, count, length)]
  const begun = performance.now()
  // A guest may take its time to answer, and no tick is to wait for it.
  const under: Promise<unknown>[] = []
  for await (const _ of stage.pilot(pilot(length, before))) {
    while (coming[0] && coming[0].at <= performance.now() - begun) {
      const turn = coming.shift()!
      under.push(follow(guests[turn.guest]!, turn).catch((error: unknown) => error))
    }
  }
  const failure = (await Promise.all(under)).find((answer) => answer !== undefined)
  if (failure !== undefined) throw failure
  const stats = await Promise.all(guests.map((guest) => guest.stat()))
  // The agent counts those of its own that ended so, the guest's kernel all.
  const programsKilled = stats.reduce((sum, { killed, oomKills }) => sum + Math.max(killed, oomKills), 0)
  return { pcpus: pcpus.length, guests: count, programsKilled }
}

async function follow(guest: Guest, { load, heldMiB }: Turn): Promise<void> {
  await guest.send(commandOf(load))
  await guest.send('still')
  const more = heldMiB - Math.round((await guest.stat()).held / MiB)
  if (more > 0) await guest.send(`grow ${growthMiB} 1 ${heldMiB}`)
  else if (more < 0) await guest.send(`mem ${more}`)
}
