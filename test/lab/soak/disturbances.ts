import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../../lib/util/random.ts'
import type { Ground } from '../cases/faults/ground.ts'
import type { Run } from '../cases/faults/run.ts'
import type { Guest } from '../guest.ts'
import { signal, until } from '../processes.ts'
import { domainNames, virsh } from '../virsh.ts'

/** What a disturbance works with. */
export interface Scene {
  readonly ground: Ground
  readonly run: Run
  readonly random: Random
  /** The guest that it befalls. */
  readonly guest: Guest
}

/** One kind of fault: resolves when it is over, and all guests run again. Gives the guest where it is a new one. */
export type Disturbance = (scene: Scene) => Promise<Guest | undefined>

/** Every kind, by name. */
export const disturbances: Readonly<Record<string, Disturbance>> = {
  'QEMU stopped': async ({ guest, random }) => {
    guest.freeze(true)
    await sleep(between(random, 500, 6_000))
    guest.freeze(false)
    return undefined
  },

  'QEMU killed': async (scene) => {
    const { guest } = scene
    const { uuid } = await endOf(scene, async () => {
      signal(guest.pid, 'SIGKILL')
    })
    return startAgain(scene, uuid)
  },

  'domain destroyed and started again': async (scene) => {
    const { uuid } = await endOf(scene, () => scene.guest.destroy())
    return startAgain(scene, uuid)
  },

  'guest paused and resumed': async ({ ground, run, guest, random }) => {
    const uuid = await virsh(ground.lab.uri, 'domuuid', guest.domain)
    await virsh(ground.lab.uri, 'suspend', guest.domain)
    const pause = { uuid, from: run.now, until: Number.POSITIVE_INFINITY }
    run.facts.paused.push(pause)
    await sleep(between(random, 500, 4_000))
    pause.until = run.now
    await virsh(ground.lab.uri, 'resume', guest.domain)
    return undefined
  },

  'foreign pin': async ({ ground, guest, random }) => {
    await virsh(ground.lab.uri, 'vcpupin', guest.domain, '0', random.below(2) === 0 ? '0' : '0-1', '--live')
    return undefined
  },

  'foreign balloon size': async ({ ground, guest, random }) => {
    const size = Math.round(between(random, 240, 288))
    await virsh(ground.lab.uri, 'setmem', guest.domain, `${size}M`, '--live')
    return undefined
  },

  'libvirtd stopped and started': (scene) => restarted(scene, 'SIGTERM'),
  'libvirtd killed and started': (scene) => restarted(scene, 'SIGKILL'),

  'libvirtd frozen and continued': async ({ ground, random }) => {
    await ground.lab.daemon.freeze(true)
    await sleep(between(random, 1_000, 7_000))
    await ground.lab.daemon.freeze(false)
    return undefined
  },

  'libvirtd slow': async ({ ground, random }) => {
    for (let bursts = 4 + random.below(6); bursts > 0; bursts--) {
      await ground.lab.daemon.freeze(true)
      await sleep(between(random, 50, 500))
      await ground.lab.daemon.freeze(false)
      await sleep(100)
    }
    return undefined
  },
}

/** What runs in a guest, and what it holds: never so much that it could be lost for want of memory. */
export async function changeLoad(guest: Guest, random: Random): Promise<void> {
  const loads = ['idle', 'loop 8.5 41.5', 'loop 17 33']
  await guest.send(loads[random.below(loads.length)]!)
  const { held } = await guest.stat()
  const wanted = random.below(mostHeldMiB + 1)
  const change = wanted - Math.round(held / 2 ** 20)
  if (change !== 0) await guest.send(`mem ${change > 0 ? '+' : ''}${change}`)
}

/** Fits into a guest of 200 MiB, which no policy makes smaller. */
const mostHeldMiB = 80

async function restarted({ ground, random }: Scene, how: 'SIGTERM' | 'SIGKILL'): Promise<undefined> {
  await ground.lab.daemon.end(how)
  await sleep(between(random, 0, 3_000))
  await ground.lab.daemon.start()
}

/** Ends the guest by `end`, and tells the judge that it has ended. */
async function endOf({ ground, run, guest }: Scene, end: () => Promise<void>): Promise<{ uuid: string }> {
  const { uri } = ground.lab
  const uuid = await virsh(uri, 'domuuid', guest.domain)
  const id = Number(await virsh(uri, 'domid', guest.domain))
  await end()
  run.facts.ended.push({ uuid, id, at: run.now })
  return { uuid }
}

async function startAgain({ ground, guest }: Scene, uuid: string): Promise<Guest> {
  await until('libvirt has noticed that it ended', 60_000, async () => {
    return !(await domainNames(ground.lab.uri)).includes(guest.domain)
  })
  return ground.lab.start({ ...ground.definition(guest.name), uuid })
}

function between(random: Random, least: number, most: number): number {
  return least + (most - least) * random.next()
}
