import type { Step } from '../plan/step.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { isWithinHours } from '../view/hours.ts'

/** Migrations at once where the rules say nothing: from one host, to one host, and in all. */
export const defaultParallel = { out: 1, in: 1, all: 2 } as const

/** Why a step does not begin now. */
export interface Waiting {
  /** Index in the plan. */
  readonly step: number
  readonly reason: FleetReason
}

/**
 * The steps that may begin now: they wait for none before them, not too many migrations are under way, whoever began
 * those, and it is known at both hosts what came of the last one. A step that may not leaves its turn to the next
 * from its host.
 */
export function beginnable(
  { migrations, rules, wallTime }: Pick<FleetView, 'migrations' | 'rules' | 'wallTime'>,
  steps: readonly Step[],
  isFollowed: (host: string) => boolean,
): { readonly begin: readonly number[]; readonly waiting: readonly Waiting[] } {
  const limits = { ...defaultParallel, ...withoutUndefined(rules.parallel ?? {}) }
  const out = new Map<string, number>()
  const into = new Map<string, number>()
  let all = migrations.length
  for (const { from, to } of migrations) {
    if (from !== undefined) out.set(from, (out.get(from) ?? 0) + 1)
    if (to !== undefined) into.set(to, (into.get(to) ?? 0) + 1)
  }
  const isLate = !isWithinHours(rules.hours, wallTime)
  const begin: number[] = []
  const waiting: Waiting[] = []
  for (const [index, { after, from, to, fromName, toName }] of steps.entries()) {
    if (after.length > 0) continue
    const outNow = out.get(from) ?? 0
    const inNow = into.get(to) ?? 0
    const reason: FleetReason | undefined = isLate
      ? { kind: 'outside-hours', hours: (rules.hours ?? []).join(', ') }
      : all >= limits.all
        ? { kind: 'enough-migrations', running: all, most: limits.all, where: 'in the fleet' }
        : outNow >= limits.out
          ? { kind: 'enough-migrations', running: outNow, most: limits.out, where: `from ${fromName}` }
          : inNow >= limits.in
            ? { kind: 'enough-migrations', running: inNow, most: limits.in, where: `to ${toName}` }
            : isFollowed(from) || isFollowed(to)
              ? { kind: 'following' }
              : undefined
    if (reason) {
      waiting.push({ step: index, reason })
      continue
    }
    begin.push(index)
    all++
    out.set(from, outNow + 1)
    into.set(to, inNow + 1)
  }
  return { begin, waiting }
}

function withoutUndefined(
  limits: NonNullable<FleetView['rules']['parallel']>,
): Partial<Record<'out' | 'in' | 'all', number>> {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined))
}
