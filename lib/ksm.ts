import { wrongOption } from './host/errors.ts'
import { type KsmAction, type PurePolicy, setKsm } from './policy/plan.ts'
import type { View } from './view/view.ts'

/** Options of {@link adaptive}. */
export interface AdaptiveOptions {
  /** Part of the host's memory, available, below which it scans; above 0, below 1. Default 0.2. */
  readonly shortBelow?: number | undefined
  /** Part of all pCPUs, busy, above which it does not: above 0, up to 1. Default 0.75. */
  readonly busyAbove?: number | undefined
}

/** Pages between two pauses, as MOM has them: more by a step while memory is short, less by a step while it is not. */
const pages = { least: 64, most: 1_250, up: 300, down: 50 }
/** What has begun goes on until its edge is passed by so much. */
const slack = 0.05

/**
 * Same-page merging (KSM) when it pays: scans, faster and faster, while the host's memory is short and its CPUs are
 * idle; slows down to rest otherwise, at once when the CPUs are busy. What is merged stays merged while it rests.
 *
 * It counts nothing that merging gains: guests are counted with their balloons, so a page that is merged twice over is
 * still a page of each, and ballooning never grants what merging saved. That is a reserve of the host, and comes back
 * the moment guests write.
 *
 * The constants and the rule are those of oVirt's Memory Overcommitment Manager (doc/ksm.rules); the regard for CPU is ours.
 */
export function adaptive(options: AdaptiveOptions = {}): PurePolicy<KsmAction> {
  const { shortBelow = 0.2, busyAbove = 0.75 } = options
  if (!(shortBelow > 0 && shortBelow < 1)) {
    throw wrongOption('shortBelow', 'a fraction above 0 and below 1', shortBelow)
  }
  if (!(busyAbove > 0 && busyAbove <= 1))
    throw wrongOption('busyAbove', 'a fraction above 0, up to 1', busyAbove)
  return (view) => {
    const { merging } = view.memory
    if (!merging) return []
    const { pagesToScan: now, sleep } = merging
    const more = now > 0 ? slack : 0
    const available = availablePart(view)
    const busy = busyPart(view)
    // What is not known is no reason to begin.
    if (available === undefined || busy === undefined) return []
    const isShort = view.memory.state !== 'high' || available < shortBelow + more
    const isBusy = busy > busyAbove + more
    const pace = nextPages(now, isShort, isBusy)
    if (pace === now) return []
    const figures = { available, busy, from: now, to: pace, sleep }
    return [setKsm({ pagesToScan: pace, sleep }, { kind: 'ksm-pace', ...figures })]
  }
}

function nextPages(now: number, isShort: boolean, isBusy: boolean): number {
  if (isBusy) return 0
  if (isShort) return Math.max(pages.least, Math.min(pages.most, now + pages.up))
  return now - pages.down < pages.least ? 0 : Math.min(pages.most, now - pages.down)
}

function availablePart({ memory }: View): number | undefined {
  const available = memory.available ?? memory.free
  return available === undefined || !(memory.total > 0) ? undefined : available / memory.total
}

/** Undefined while it is known of none. */
function busyPart({ pcpus }: View): number | undefined {
  const known = pcpus.flatMap(({ busy }) => (busy === undefined ? [] : [busy]))
  return known.length === 0 ? undefined : known.reduce((sum, busy) => sum + busy, 0) / known.length
}
