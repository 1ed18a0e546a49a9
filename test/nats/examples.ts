import type { Order, OrderEvent } from '../../lib/fleet/bus/order.ts'
import type { GuestReport, HostReport } from '../../lib/fleet/report/host-report.ts'
import { reportOf as reportWithout } from '../support/fleet-bus-messages.ts'

export { requirement } from '../support/fleet-bus-messages.ts'

export function reportOf(host: string, guests: readonly GuestReport[] = []): HostReport {
  return { ...reportWithout(host, 0), guests, answers: {} }
}

export function orderOf(id: string, host: string): Order {
  return { id, fence: 1, host, kind: 'abort', of: '0', tick: 3, by: 'balance' }
}

export function eventOf(order: string, host: string, state: OrderEvent['state']): OrderEvent {
  return { order, host, state }
}
