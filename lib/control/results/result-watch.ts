import { type CpuSample, isSameRun, type MemorySample, type RunIdentity, runOf } from '../../host/sample.ts'
import type { Action, PinAction, SetMemoryAction, SetSharesAction } from '../../policy/plan.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import type { View } from '../../view/view.ts'
import type { Outcome } from '../tick.ts'
import { errorOf, type Figures } from './figures.ts'
import { PredictedCpu } from './predicted-cpu.ts'
import { PredictedMemory } from './predicted-memory.ts'
import { RecentSamples, samplesOfFigures } from './recent-samples.ts'
import type { ChangeResult } from './result.ts'

/** Milliseconds that a change is followed. */
const minute = 60_000

/** A change that is followed. */
interface Followed {
  readonly action: Action
  readonly predicted: Figures
  readonly run: RunIdentity
  /** pCPUs that vCPUs came to or left. */
  readonly about: ReadonlySet<number>
  /** Another change came between. */
  isDisturbed: boolean
}

/** The changes of one tick, which may be thousands. */
interface FollowedTick {
  readonly tick: number
  /** Monotonic milliseconds of the View that they were decided on. */
  readonly time: number
  readonly changes: readonly Followed[]
  /** Those of sizes, and all others, that no other change has come between yet. */
  sizes: readonly Followed[]
  others: readonly Followed[]
  /** CPU samples since. */
  samples: number
}

/**
 * Says what is to be expected of each change, whatever policy wanted it, and what was seen of it after three samples and after
 * a minute. It decides nothing.
 */
export class ResultWatch {
  readonly #domainOverhead: number
  readonly #recent = new RecentSamples()
  #followed: FollowedTick[] = []

  constructor(domainOverhead: number) {
    this.#domainOverhead = domainOverhead
  }

  /** What is seen next does not continue what was. */
  interrupt(): void {
    this.#recent.clear()
    this.#followed = []
  }

  observeMemory(memory: MemorySample | undefined): void {
    if (memory) this.#recent.takeMemory(memory)
  }

  /** Takes in the CPU sample of a View; gives what became known by it. */
  observe(view: View, cpu: CpuSample): readonly ChangeResult[] {
    this.#recent.takeCpu(cpu)
    if (this.#followed.length === 0) return []
    const results: ChangeResult[] = []
    this.#followed = this.#followed.filter((one) => {
      one.samples++
      const isSampled = one.samples === samplesOfFigures
      const isOver = view.time - one.time >= minute
      if (!isSampled && !isOver) return true
      for (const change of one.changes) {
        if (isSampled) results.push(this.#resultOf(change, one.tick, 'samples', view))
        if (isOver) results.push(this.#resultOf(change, one.tick, 'minute', view))
      }
      return !isOver
    })
    return results
  }

  /** After a tick in which `view` was seen: gives its outcomes with what was seen before, and what is predicted. */
  acted(tick: number, view: View, outcomes: readonly Outcome[]): readonly Outcome[] {
    const done = outcomes.filter(({ status }) => status !== 'failed')
    if (done.length === 0) return outcomes
    const predict = this.#predictor(
      done.map(({ action }) => action),
      view,
    )
    const abouts = aboutOf(view)
    this.#disturb(
      done.flatMap(({ action, status }) => (status === 'applied' ? [action] : [])),
      abouts,
    )
    const changes: Followed[] = []
    const domains = domainsByUuid(view.domains)
    const seen = outcomes.map((outcome) => {
      const { action, status } = outcome
      if (status === 'failed') return outcome
      const predicted = predict(action)
      if (status === 'applied') {
        const run = runOf(domains.get(action.uuid)!)
        changes.push({ action, predicted, run, about: abouts(action), isDisturbed: false })
      }
      return { ...outcome, before: this.#recent.figures(action, view), predicted }
    })
    if (changes.length > 0) {
      const sizes = changes.filter(({ action }) => action.kind === 'setMemory')
      const others = changes.filter(({ action }) => action.kind !== 'setMemory')
      this.#followed.push({ tick, time: view.time, changes, sizes, others, samples: 0 })
    }
    return seen
  }

  #resultOf(change: Followed, tick: number, after: ChangeResult['after'], view: View): ChangeResult {
    const { action, predicted, run, isDisturbed } = change
    const domain = domainsByUuid(view.domains).get(action.uuid)
    const seen = domain && isSameRun(run, domain) ? this.#recent.figures(action, view) : {}
    return { tick, action, after, seen, ...(!isDisturbed && { error: errorOf(seen, predicted) }) }
  }

  #predictor(actions: readonly Action[], view: View): (action: Action) => Figures {
    const sizes = actions.filter((action): action is SetMemoryAction => action.kind === 'setMemory')
    const others = actions.filter(
      (action): action is PinAction | SetSharesAction => action.kind !== 'setMemory',
    )
    const cpu = others.length > 0 ? new PredictedCpu(others, view) : undefined
    const memory = sizes.length > 0 ? new PredictedMemory(sizes, view, this.#domainOverhead) : undefined
    return (action) =>
      action.kind === 'setMemory' ? { memory: memory?.figures(action) } : { cpu: cpu?.figures(action) }
  }

  /** Marks the changes that later ones get in the way of: at once for all of them, since a round of pins may be thousands. */
  #disturb(actions: readonly Action[], abouts: (action: Action) => ReadonlySet<number>): void {
    if (actions.length === 0 || this.#followed.length === 0) return
    const sized = new Set<string>()
    const others = new Set<string>()
    const pcpus = new Set<number>()
    for (const action of actions) {
      if (action.kind === 'setMemory') {
        sized.add(action.uuid)
        continue
      }
      others.add(action.uuid)
      for (const pcpu of abouts(action)) pcpus.add(pcpu)
    }
    for (const one of this.#followed) {
      if (sized.size > 0) one.sizes = undisturbed(one.sizes, ({ action }) => sized.has(action.uuid))
      if (others.size > 0) {
        one.others = undisturbed(
          one.others,
          ({ action, about }) => others.has(action.uuid) || isAny(about, pcpus),
        )
      }
    }
  }
}

/** Marks the changes that another one is in the way of; gives the rest. */
function undisturbed(
  changes: readonly Followed[],
  isMet: (change: Followed) => boolean,
): readonly Followed[] {
  return changes.filter((change) => {
    change.isDisturbed = isMet(change)
    return !change.isDisturbed
  })
}

function isAny(some: ReadonlySet<number>, others: ReadonlySet<number>): boolean {
  for (const one of some) if (others.has(one)) return true
  return false
}

/** The pCPUs that vCPUs come to or leave by an action. */
function aboutOf(view: View): (action: Action) => ReadonlySet<number> {
  return (action) => {
    if (action.kind === 'setMemory') return new Set()
    const vcpus = domainsByUuid(view.domains).get(action.uuid)?.vcpus ?? []
    const own = action.kind === 'pin' ? vcpus.filter(({ vcpu }) => vcpu === action.vcpu) : vcpus
    return new Set([
      ...(action.kind === 'pin' ? action.cpus : []),
      ...own.flatMap((vcpu) => placeOf(vcpu) ?? []),
    ])
  }
}
