import { type PinAction, pin } from '../../policy/plan.ts'
import { Arrangement } from './arrangement.ts'
import { cpusIn } from './candidates.ts'
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
    if (vcpu.affinity?.isSubsetOf(cpus)) continue
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
