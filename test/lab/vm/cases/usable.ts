import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { type Affinity, affinities, notAsOwned } from '../affinity.ts'
import { Controller } from '../controller.ts'
import { type Owners, spin } from '../guests.ts'
import type { HostVm } from '../host-vm.ts'
import { installProduct } from '../product.ts'
import { type HostCase, judged } from './host-case.ts'

/** How the pCPUs that guests may use become fewer, and as many as before. */
export interface Narrowing {
  /** Guests with the affinities that their owner gave them. */
  readonly owners: Owners
  /** Which pCPUs to leave, given where guests are now. */
  left(now: readonly Affinity[]): CpuSet
  /** Leaves only these pCPUs. */
  narrow(left: CpuSet): string
  /** Gives all back. */
  readonly widen: string
}

/** When it happens: beside a controller that has not started, runs, or has ended. */
interface Scene {
  readonly narrow: 'before the start' | 'while it runs' | 'after it has ended'
  readonly widen: 'while it runs' | 'after it has ended'
}

const scenes: readonly Scene[] = [
  { narrow: 'before the start', widen: 'after it has ended' },
  { narrow: 'before the start', widen: 'while it runs' },
  { narrow: 'while it runs', widen: 'while it runs' },
  { narrow: 'while it runs', widen: 'after it has ended' },
  { narrow: 'after it has ended', widen: 'after it has ended' },
]

/** A case that goes through all scenes of a narrowing, each as its guests' owner had them. */
export function usableCase(name: string, narrowing: Narrowing): HostCase {
  return async ({ vm, product, log }) => {
    await installProduct(vm, product)
    const broken: string[] = []
    let [moves, refused] = [0, 0]
    for (const scene of scenes) {
      const title = `narrowed ${scene.narrow}, widened ${scene.widen}`
      log(title)
      const result = await play(vm, narrowing, scene, log)
      broken.push(...result.broken.map((what) => `${title}: ${what}`))
      moves += result.moves
      refused += result.refused
    }
    return judged(name, broken, { scenes: scenes.length, moves, refused })
  }
}

async function play(vm: HostVm, narrowing: Narrowing, scene: Scene, log: (line: string) => void) {
  const { owners } = narrowing
  const broken: string[] = []
  let usable = CpuSet.range(0, 7)
  const narrow = async () => {
    usable = narrowing.left(await affinities(vm))
    log(`usable: ${usable}`)
    await vm.run(narrowing.narrow(usable))
  }
  const widen = async () => {
    usable = CpuSet.range(0, 7)
    await vm.run(narrowing.widen)
  }

  // What an earlier scene left is not this one's.
  await vm.run('rm -rf /var/lib/ballast')
  await spin(vm, owners)
  if (scene.narrow === 'before the start') await narrow()

  const controller = await Controller.start(vm)
  const settle = async (when: string) => {
    const began = await controller.ticks()
    if (!(await controller.idle(began))) broken.push(`${when}: not idle`)
    const now = await affinities(vm)
    log(`${when}: ${now.map((guest) => `${guest.name} ${guest.thread}`).join(', ')}`)
    broken.push(...notPlaced(now, usable).map((what) => `${when}: ${what}`))
    return now
  }
  const first = await settle('after the start')
  const moves = first.filter(({ name, pinned }) => `${pinned}` !== owners[name]).length
  if (moves === 0) broken.push('nothing was pinned, so nothing was tried')
  if (scene.narrow === 'while it runs') {
    await narrow()
    await settle('narrowed')
  }
  if (scene.widen === 'while it runs') {
    await widen()
    await settle('widened')
  }
  const { code, log: said } = await controller.stop()
  log(said)
  const counts = await controller.refused()
  for (const [cpus, count] of counts) {
    if (count > 1) broken.push(`a pin to ${cpus} was refused ${count} times`)
  }

  if (scene.narrow === 'after it has ended') await narrow()
  if (scene.widen === 'after it has ended') await widen()
  if (code !== 0) broken.push(`it ended with ${code}`)
  // What could not be restored while it was not usable, it said so of.
  if (said.includes('"ballast restore" restores the rest')) {
    const restored = await vm.exec('ballast restore')
    log(restored.stdout + restored.stderr)
    if (restored.code !== 0) broken.push(`ballast restore ended with ${restored.code}`)
  }
  broken.push(...notAsOwned(await affinities(vm), owners))
  return { broken, moves, refused: [...counts.values()].reduce((sum, count) => sum + count, 0) }
}

/** Where guests may run outside of what is usable, or cannot all run at once, in words. */
function notPlaced(list: readonly Affinity[], usable: CpuSet): string[] {
  const outside = list.filter(({ thread }) => !thread.isSubsetOf(usable))
  const words = outside.map(({ name, thread }) => `${name} may run on ${thread}, usable are ${usable}`)
  if (!fits(list.map(({ thread }) => thread.and(usable)))) {
    words.push(`not level: ${list.map(({ name, thread }) => `${name} on ${thread}`).join(', ')}`)
  }
  return words
}

/** Whether each of the sets can have a pCPU to itself. */
function fits([first, ...rest]: readonly CpuSet[]): boolean {
  return first === undefined || [...first].some((cpu) => fits(rest.map((set) => set.without(cpu))))
}
