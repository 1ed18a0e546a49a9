import type { CpuSet } from '../../host/cpuset.ts'
import { type PinAction, pin } from '../../policy/plan.ts'
import { Arrangement } from './arrangement.ts'
import type { Better } from './choice.ts'
import type { Model } from './model.ts'

/** The pins that bring a placement about: those of the vCPUs that are to move, and of those that are free to. */
export function pinsOf(model: Model, { where, deviation }: Better): PinAction[] {
  const { shape } = model
  const before = new Arrangement(model)
  const after = new Arrangement(model, model.demand, where)
  const mean = after.total() / shape.capacity.reduce((sum, one) => sum + one, 0)
  const plan: PinAction[] = []
  for (const [item, vcpu] of model.vcpus.entries()) {
    const to = where[item]!
    const cpus = cpusIn(shape.sets[to]!, vcpu.allowed)
    if (isThere(vcpu.affinity, cpus)) continue
    const figures = {
      demand: model.demand[item]!,
      to: shape.sets[to]!,
      toBefore: before.loads[to]!,
      toAfter: after.loads[to]!,
      deviation,
      mean,
    }
    const from = model.start[item]!
    plan.push(
      pin(
        vcpu,
        cpus,
        model.displaced[item] === 1
          ? { kind: 'balance-return', ...figures }
          : from === to
            ? { kind: 'balance-stay', ...figures }
            : { kind: 'balance-move', ...figures, from: shape.sets[from]!, fromBefore: before.loads[from]! },
      ),
    )
  }
  return plan
}

/** The pins that keep all where they are. */
export function pinInPlace(model: Model, deviation: number): PinAction[] {
  return pinsOf(model, { where: model.start, moves: 0, deviation })
}

/** The pins of the vCPUs that are where they may not be, and of no others. */
export function repinAllowed(model: Model, deviation: number): PinAction[] {
  if (!model.displaced.includes(1)) return []
  const all = pinInPlace(model, deviation)
  const lost = new Set(model.vcpus.filter((_, item) => model.displaced[item] === 1).map(keyOf))
  return all.filter(({ uuid, vcpu }) => lost.has(`${uuid}/${vcpu}`))
}

/** Whether it may run elsewhere than in the bin that it is in. */
export function isFree({ vcpus, shape, start }: Model, item: number): boolean {
  const { affinity, allowed } = vcpus[item]!
  return !isThere(affinity, cpusIn(shape.sets[start[item]!]!, allowed))
}

/** Names a vCPU across Views. */
export function keyOf({
  domain,
  vcpu,
}: {
  readonly domain: { readonly uuid: string }
  readonly vcpu: number
}): string {
  return `${domain.uuid}/${vcpu}`
}

function cpusIn(set: CpuSet, allowed: CpuSet): CpuSet {
  return set.size === 1 ? set : set.and(allowed)
}

function isThere(affinity: CpuSet | undefined, cpus: CpuSet): boolean {
  return affinity?.isSubsetOf(cpus) === true
}
