import { CpuSet } from '../../../../lib/host/cpuset.ts'
import type { TickRecord } from '../../../../lib/report/tick-json.ts'
import { type Affinity, affinities, notAsOwned } from '../affinity.ts'
import { Controller, type Kind } from '../controller.ts'
import { type Owners, resume } from '../guests.ts'
import type { HostVm } from '../host-vm.ts'
import { installProduct } from '../product.ts'
import { type HostCase, judged } from './host-case.ts'

const all = CpuSet.range(0, 7)

/**
 * What happens, one after another: a controller is started or ended, or the pCPUs that guests may use change. `restore`:
 * what the controller could not restore is restored by now. `not yet`: it cannot be.
 */
export type Step = 'start' | 'end' | 'restore' | 'not yet' | { readonly usable: Usable }

/** Which pCPUs guests may use, as a CPU list or given where the guests are. */
export type Usable = string | ((now: readonly Affinity[]) => CpuSet)

export interface Scene {
  readonly title: string
  readonly kind?: Kind
  readonly steps: readonly Step[]
}

/** A host whose guests may use fewer pCPUs for a time. */
export interface UsableCase {
  /** Guests with the affinities that their owner gave them. */
  readonly owners: Owners
  readonly scenes: readonly Scene[]
  /** The command that lets guests use these pCPUs alone. */
  limit(usable: CpuSet): string
}

/** A case that goes through its scenes, each as its guests' owner had them. */
export function usableCase(name: string, options: UsableCase): HostCase {
  return async ({ vm, product, log }) => {
    await installProduct(vm, product)
    const broken: string[] = []
    const figures = []
    for (const scene of options.scenes) {
      log(scene.title)
      const play = new Play(vm, options, scene, log)
      await play.run()
      broken.push(...play.broken.map((what) => `${scene.title}: ${what}`))
      figures.push({ scene: scene.title, ...play.figures })
    }
    return judged(name, broken, { scenes: figures })
  }
}

/** One scene under way. */
class Play {
  readonly broken: string[] = []
  readonly figures = { ticks: 0, moved: 0, refused: 0, notRestoredAtFirst: 0 }
  readonly #vm: HostVm
  readonly #options: UsableCase
  readonly #scene: Scene
  readonly #names: readonly string[]
  readonly #log: (line: string) => void
  #usable = all
  #controller: Controller | undefined

  constructor(vm: HostVm, options: UsableCase, scene: Scene, log: (line: string) => void) {
    this.#vm = vm
    this.#options = options
    this.#scene = scene
    this.#names = Object.keys(options.owners)
    this.#log = log
  }

  async run(): Promise<void> {
    const { owners } = this.#options
    // What an earlier scene left is not this one's.
    await this.#vm.run('rm -rf /var/lib/ballast')
    await resume(this.#vm, owners)
    for (const step of this.#scene.steps) {
      if (step === 'start') await this.#start()
      else if (step === 'end') await this.#end()
      else if (step === 'restore') await this.#restore()
      else if (step === 'not yet') await this.#notYet()
      else await this.#limit(step.usable)
    }
    this.broken.push(...(await notAsOwned(this.#vm, owners)))
    if (this.figures.moved === 0) this.broken.push('nothing was moved, so nothing was tried')
  }

  async #start(): Promise<void> {
    this.#controller = await Controller.start(this.#vm, this.#scene.kind ?? 'ballast')
    await this.#settle('after the start', 0)
  }

  async #limit(usable: Usable): Promise<void> {
    const now = await affinities(this.#vm, this.#names)
    this.#usable = typeof usable === 'string' ? CpuSet.parse(usable) : usable(now)
    const ticks = await this.#controller?.ticks()
    await this.#vm.run(this.#options.limit(this.#usable))
    if (ticks !== undefined) await this.#settle(`with ${this.#usable}`, ticks)
  }

  async #settle(when: string, after: number): Promise<void> {
    const learns = this.#scene.kind === 'libvirt'
    const wrong = async (tick: TickRecord) => {
      const now = await affinities(this.#vm, this.#names)
      this.#log(`${when}: ${tick.summary}: ${now.map(({ name, thread }) => `${name} ${thread}`).join(', ')}`)
      return [
        ...notPlaced(now, this.#usable),
        ...(learns || tick.online === `${this.#usable}`
          ? []
          : [`the View has ${tick.online}, usable are ${this.#usable}`]),
      ]
    }
    const found = await this.#controller!.settled(after, wrong)
    this.broken.push(...found.map((what) => `${when}: ${what}`))
  }

  async #end(): Promise<void> {
    const controller = this.#controller!
    const { code, log } = await controller.stop()
    this.#log(log)
    if (code !== 0) this.broken.push(`it ended with ${code}`)
    const records = await controller.records()
    const pins = records.flatMap(({ outcomes }) => outcomes)
    const refused = pins.filter(({ status }) => status === 'failed').map(({ action }) => cpusOf(action))
    this.figures.ticks = records.length
    this.figures.moved = pins.filter(({ status }) => status === 'applied').length
    this.figures.refused = refused.length
    // Where the set of usable pCPUs can be read, none is tried outside of it; else it is learned by one pin for each pCPU.
    if (this.#scene.kind === 'libvirt' ? new Set(refused).size < refused.length : refused.length > 0)
      this.broken.push(`pins were refused: ${refused.join(', ')}`)
    const external = records
      .flatMap(({ skipped }) => skipped)
      .filter(({ rule }) => rule === 'external-change')
    if (external.length > 0) this.broken.push('what the kernel did was taken for a change by another program')
    this.#controller = undefined
  }

  /** Where the end had no time to restore all, which takes seconds under software emulation, the rest is restored by now. */
  async #restore(): Promise<void> {
    const { code, stdout, stderr } = await this.#vm.exec(
      '[ ! -e /var/lib/ballast/*.jsonl ] || ballast restore',
    )
    this.#log(stdout + stderr)
    if (code !== 0) this.broken.push(`ballast restore ended with ${code}`)
    if ((await this.#vm.exec('ls /var/lib/ballast/*.jsonl')).code === 0)
      this.broken.push('the journal is still there after ballast restore')
  }

  async #notYet(): Promise<void> {
    const { code, stdout, stderr } = await this.#vm.exec('ballast restore')
    this.#log(stdout + stderr)
    const missing = stdout.split('\n').filter((line) => line.startsWith('not restored: '))
    this.figures.notRestoredAtFirst = missing.length
    if (code !== 1 || missing.length === 0 || !stderr.includes('the journal stays'))
      this.broken.push(`ballast restore did not say what is not restored, exit code ${code}`)
  }
}

function cpusOf(action: TickRecord['outcomes'][number]['action']): string {
  return action.kind === 'pin' ? action.cpus : action.kind
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
