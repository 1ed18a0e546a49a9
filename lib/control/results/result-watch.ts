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
  readonly tick: number
  readonly action: Action
  readonly predicted: Figures
  readonly run: RunIdentity
  /** Monotonic milliseconds of the View that it was decided on. */
  readonly time: number
  /** pCPUs that vCPUs came to or left. */
  readonly about: ReadonlySet<number>
  /** CPU samples since. */
  samples: number
  /** Another change came between. */
  isDisturbed: boolean
}

/**
 * Says what is to be expected of each change, whatever policy wanted it, and what was seen of it after three samples and after
 * a minute. It decides nothing.
 */
export class ResultWatch {
  readonly #domainOverhead: number
  readonly #recent = new RecentSamples()
  #followed: Followed[] = []

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
      if (one.samples === samplesOfFigures) results.push(this.#resultOf(one, 'samples', view))
      const isOver = view.time - one.time >= minute
      if (isOver) results.push(this.#resultOf(one, 'minute', view))
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
    return outcomes.map((outcome) => {
      const { action, status } = outcome
      if (status === 'failed') return outcome
      const predicted = predict(action)
      if (status === 'applied') {
        const run = runOf(domainsByUuid(view.domains).get(action.uuid)!)
        const change = { tick, action, predicted, run, time: view.time, about: abouts(action) }
        this.#followed.push({ ...change, samples: 0, isDisturbed: false })
      }
      return { ...outcome, before: this.#recent.figures(action, view), predicted }
    })
  }

  #resultOf(change: Followed, after: ChangeResult['after'], view: View): ChangeResult {
    const { tick, action, predicted, run, isDisturbed } = change
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
      const { kind, uuid } = one.action
      const isMet = kind === 'setMemory' ? sized.has(uuid) : others.has(uuid) || isAny(one.about, pcpus)
      one.isDisturbed ||= isMet
    }
  }
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
