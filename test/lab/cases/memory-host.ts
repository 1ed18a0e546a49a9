import { freeMemory } from '../../../lib/ballooning/free-memory.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { DomainView, View } from '../../../lib/view/view.ts'
import type { Guest } from '../guest.ts'
import type { Stage } from './case.ts'

/** What the QEMU of a growing guest may come to hold beside the guest's memory. */
export const overheadGrowth = 64 * MiB
/** Bytes that each domain counts for beside its balloon at least. */
export const domainOverhead = 64 * MiB

/** What the program of a guest does: nothing; grow a little and free; grow to what the guest may have; grow as far as the host goes. */
export type Role = 'idle' | 'early' | 'late' | 'equal'

/** One guest of a case. */
export interface Player {
  readonly role: Role
  readonly guest: Guest
  /** Bytes that its program grows to. */
  readonly most: number
  /** Tick from which on its program holds nothing any more. */
  freedAt: number | undefined
}

/** What a growing guest keeps free of its program in the end, and what an idle one keeps unused at least. */
export const spare = 128 * MiB

/** The host before anything is changed, once every guest's memory is as it is to be. */
export async function firstLook(
  stage: Stage,
  isAsItIsToBe: (domain: DomainView) => boolean = isAtRest,
): Promise<View> {
  for await (const { view } of stage.watch({ interval: 1_000, ticks: 90 })) {
    if (view.domains.length > 0 && view.domains.every(isAsItIsToBe)) return view
  }
  throw new Error('The guests do not tell their memory')
}

/** Whether a guest has the size that it was asked for last, and has reported since it has it. */
export function isAtRest({ memory: { hold, actual, available, unused, maximum } }: DomainView): boolean {
  if (hold !== undefined || actual === maximum) return false
  return available! <= actual! && unused! <= actual!
}

/** Bytes of the host that neither its guests hold nor anybody can have. */
export function usedByOthers({ domains, memory }: View): number {
  return memory.total - memory.available! - domains.reduce((sum, domain) => sum + domain.memory.rss!, 0)
}

/** What the machine's other programs took, or let go, since `before`, and whether that is too much for a fair run. */
export function figuresOfOthers(before: View, views: readonly View[]) {
  const changes = views.map((view) => usedByOthers(view) - usedByOthers(before))
  const othersTookMiB = mib(Math.max(0, ...changes))
  const othersFreedMiB = mib(-Math.min(0, ...changes))
  return { othersTookMiB, othersFreedMiB, disturbed: Math.max(othersTookMiB, othersFreedMiB) >= mib(spare) }
}

/** The broken limits, and a word about the machine's other programs where they may be to blame. */
export function withExcuse(
  broken: readonly string[],
  { othersTookMiB, othersFreedMiB, disturbed }: ReturnType<typeof figuresOfOthers>,
): string[] {
  const unfair = `the machine's other programs took ${othersTookMiB} MiB and freed ${othersFreedMiB} MiB meanwhile`
  return broken.length > 0 && disturbed ? [...broken, unfair] : [...broken]
}

/** The host reserve with which `room` bytes more can be granted. */
export function reserveFor(view: View, room: number): number {
  return Math.floor(freeMemory(view) + view.memory.reserve - room)
}

export function memoryOf({ domains }: View, guest: Guest): DomainView['memory'] | undefined {
  return domains.find(({ name }) => name === guest.domain)?.memory
}

export function usedBy(view: View, guest: Guest): number {
  const { actual, unused } = memoryOf(view, guest)!
  return actual! - unused!
}

export function sizes({ domains }: View): string {
  return domains.map(({ memory: { actual, unused } }) => `${mib(actual ?? 0)}/${mib(unused ?? 0)}`).join(' ')
}

export function mib(bytes: number): number {
  return Math.round(bytes / MiB)
}

/** MiB, or null where it is not known. */
export function mibOrNull(bytes: number | undefined): number | null {
  return bytes === undefined ? null : mib(bytes)
}
