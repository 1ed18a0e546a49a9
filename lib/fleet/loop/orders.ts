import type { Lease } from '../bus/fleet-bus.ts'
import type { Order } from '../bus/order.ts'
import type { Step } from '../plan/step.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { beginWithin, type Tracked } from './order-ledger.ts'

/** Milliseconds that a migration may take beside three times what was predicted. */
const spareTime = 30_000

/** Under which lease and in which tick an order is given. */
export interface OrderContext {
  readonly view: FleetView
  readonly lease: Lease
  readonly tick: number
}

/** The order for a step; undefined: its guest or its target does not report any more. */
export function orderFor(
  step: Step,
  number: number,
  by: string,
  { view, lease, tick }: OrderContext,
): Order | undefined {
  const guest = view.guests.find(({ uuid }) => uuid === step.guest)
  const reach = view.hosts.find(({ uuid }) => uuid === step.to)?.report.reach
  if (!guest || !reach) return undefined
  const { id, run } = guest.report
  return {
    // The same lease, tick and number give the same id: one that is written twice is one order.
    id: `${lease.revision}-${tick}-${number}`,
    fence: lease.revision,
    host: step.from,
    kind: 'migrate',
    request: {
      guest: step.guest,
      run: { id, run },
      target: { host: step.to, reach },
      deadline: Math.round(spareTime + 3 * step.cost.duration),
    },
    tick,
    by,
  }
}

/** Orders that end what is under way: what a host has not begun in time, and what its target has no place for any more. */
export function endingsOf(all: readonly Tracked[], { view, lease, tick }: OrderContext): Order[] {
  return all.flatMap((tracked): Order[] => {
    const { order, since, seen, isEnding, unknownSince } = tracked
    if (isEnding || unknownSince !== undefined) return []
    const target = view.hosts.find(({ uuid }) => uuid === order.request!.target.host)
    const why =
      seen.size === 0 && view.time - since >= beginWithin
        ? 'not begun in time'
        : target !== undefined && target.committed + target.arriving > target.budget
          ? 'no room on the target'
          : target?.hold === 'maintenance'
            ? 'the target is to be empty'
            : undefined
    if (why === undefined) return []
    tracked.isEnding = true
    const { id: of, host } = order
    return [
      {
        id: `${lease.revision}-${tick}-end-${of}`,
        fence: lease.revision,
        host,
        kind: 'abort',
        of,
        tick,
        by: why,
      },
    ]
  })
}
