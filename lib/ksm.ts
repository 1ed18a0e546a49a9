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

/** What is not given. */
export const adaptiveDefaults = {
  shortBelow: 0.2,
  busyAbove: 0.75,
} as const satisfies Required<AdaptiveOptions>

/** Pages between two pauses, as MOM has them: more by a step while memory is short, less by a step while it is not. */
const pages = { least: 64, most: 1_250, up: 300, down: 50 }
/** What has begun goes on until its edge is passed by so much. */
const slack = 0.05

/**
 * KSM when it pays: scans, faster and faster, while the host's memory is short and its CPUs are idle; slows down to a stop
 * otherwise, and stops at once when the CPUs are busy. Merged pages stay merged. Where Ballast may switch KSM, a stop is
 * that, else a pace of no pages. Where the kernel's advisor sets the pace, KSM is only switched on and off.
 *
 * What merging gains is counted nowhere: guests count with their balloons, so a page that is merged twice over is still a
 * page of each, and ballooning never grants what merging saved. That is a reserve of the host, and guests that write to
 * merged pages take it back at once.
 *
 * The constants and the rule are those of oVirt's Memory Overcommitment Manager (doc/ksm.rules); the limit by CPU is ours.
 */
export function adaptive(options: AdaptiveOptions = {}): PurePolicy<KsmAction> {
  const { shortBelow = adaptiveDefaults.shortBelow, busyAbove = adaptiveDefaults.busyAbove } = options
  if (!(shortBelow > 0 && shortBelow < 1)) {
    throw wrongOption('shortBelow', 'a fraction above 0 and below 1', shortBelow)
  }
  if (!(busyAbove > 0 && busyAbove <= 1))
    throw wrongOption('busyAbove', 'a fraction above 0, up to 1', busyAbove)
  return (view) => {
    const { ksm } = view.memory
    if (!ksm) return []
    const now = ksm.running === false ? 0 : ksm.pagesToScan
    const more = now > 0 ? slack : 0
    const available = availablePart(view)
    const busy = busyPart(view)
    // Unknown figures are no reason to begin.
    if (available === undefined || busy === undefined) return []
    const isShort = view.memory.state !== 'high' || available < shortBelow + more
    const isBusy = busy > busyAbove + more
    if (ksm.advisor !== undefined) {
      const running = isShort && !isBusy
      if (!ksm.canSwitch || running === ksm.running) return []
      return [
        setKsm({ ...ksm, running }, { kind: 'ksm-switch', available, busy, to: running ? 'on' : 'off' }),
      ]
    }
    const next = nextPages(now, isShort, isBusy)
    if (next === now) return []
    const { canSwitch, sleep } = ksm
    const isStop = canSwitch && next === 0
    const pagesToScan = isStop ? now : next
    const running = canSwitch ? !isStop : undefined
    return [
      setKsm(
        { running, pagesToScan, sleep },
        { kind: 'ksm-pace', available, busy, from: now, to: next, sleep },
      ),
    ]
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
