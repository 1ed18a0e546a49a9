import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../../../lib/util/random.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { Guest } from '../../guest.ts'
import { virsh } from '../../virsh.ts'
import { settled } from '../case.ts'
import { reserveFor } from '../memory-host.ts'
import { Command } from './cli.ts'
import { type Fault, resultOf } from './fault.ts'
import type { Ground } from './ground.ts'
import { harmSince, healthOf } from './harm.ts'
import { changedSince, settingsAtRest } from './settings.ts'

/** Where the guests are before the first start: crowded, so that there is something to do. */
const pins = ['0', '0', '0', '0-1']
const sizesMiB = [288, 280, 264, 272]
const load = 'loop 12 38'
/** Bytes that the guests have to give, so that there is something to do for their balloons too. */
const lacking = 160 * MiB
/** Milliseconds from the first tick to the kill. */
const [soonest, latest] = [300, 4_000]
/** In one round of so many the next start goes on where the kill left things, and is killed too. */
const twiceIn = 5

/** A controller that is killed at random moments of a busy run: `ballast restore` brings everything back each time. */
export function controllerKilled(times: number): Fault {
  const name = `controller killed ${times} times`
  return {
    name,
    async befall(ground) {
      const guests = await ground.guests()
      const { lab, options } = ground
      const { uri } = lab
      await crowd(uri, guests)
      const health = await healthOf(guests)
      const before = await settingsAtRest(uri, guests)
      const reserve = await reserveOf(ground)
      const random = new Random(50, 'kills')
      const journal = `${lab.directory}/killed-journal`
      const broken: string[] = []
      let [restored, changes, kills, nothingWritten] = [0, 0, 0, 0]
      for (let round = 1; round <= times; round++) {
        for (let starts = random.below(twiceIn) === 0 ? 2 : 1; starts > 0; starts--) {
          const args = ['run', '1', '--json', '--journal', journal, '--host-memory-reserve', reserve]
          const controller = new Command(ground, args)
          await controller.begun
          await sleep(soonest + (latest - soonest) * random.next()) // the moment of the kill
          await controller.kill()
          const { code, stderr } = await controller.ended
          if (code !== null) broken.push(`round ${round}: it had ended with ${code}: ${stderr}`)
          changes += controller.changes
          kills++
        }
        const wasWritten = existsSync(journal)
        if (!wasWritten) nothingWritten++
        const { code, stderr } = wasWritten
          ? await new Command(ground, ['restore', '--journal', journal]).ended
          : { code: 0, stderr: '' }
        const left = await changedSince(before, uri, guests)
        if (code === 0 && left.length === 0) restored++
        else broken.push(`round ${round}: restore ended with ${code} ${stderr} ${left.join('; ')}`.trim())
        options.log(`round ${round}: ${restored} of ${round} as before, ${changes} changes so far`)
        await rm(journal, { force: true })
      }
      if (changes < times) broken.push(`the controllers were not busy: ${changes} changes`)
      broken.push(...(await harmSince(health)))
      return resultOf(name, { figures: { ticks: 0, ticksLost: 0, actions: changes, wrong: [] } }, broken, {
        rounds: times,
        restored,
        kills,
        killedBeforeAnyChange: nothingWritten,
      })
    },
  }
}

async function crowd(uri: string, guests: readonly Guest[]): Promise<void> {
  await Promise.all(
    guests.map(async (guest, i) => {
      await guest.send(load)
      await guest.pin(pins[i]!)
      await virsh(uri, 'setmem', guest.domain, `${sizesMiB[i]}M`, '--live')
      // So that a controller knows of its memory as soon as it has begun.
      await virsh(uri, 'dommemstat', guest.domain, '--period', '1', '--live')
    }),
  )
  await settled(guests, 0.08, 0.6)
}

/** What `--host-memory-reserve` is to be so that the guests have too much. */
async function reserveOf(ground: Ground): Promise<string> {
  await using host = await ground.connect()
  const run = ground.run(host, { interval: 1_000 })
  const isKnown = (bytes: number | undefined, i: number) => bytes === sizesMiB[i]! * MiB
  const seen = await run.until(({ tick: { view } }) => {
    const sizes = new Map(view.domains.map(({ name, memory }) => [name, memory.actual]))
    return [...sizes.keys()].sort().every((name, i) => isKnown(sizes.get(name), i))
  }, 60)
  await run.end()
  if (!seen) throw new Error('The balloons do not come to the sizes that they start with')
  return `${Math.round(reserveFor(seen.tick.view, -lacking) / MiB)}MiB`
}
