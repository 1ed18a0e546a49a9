import { domainOverhead } from '../../control/defaults.ts'
import type { GuestReport } from '../report/host-report.ts'
import type { FleetHost } from './fleet-view.ts'

/** Bytes that a guest needs with its hypervisor; where that is not known, what it holds. */
export function wantsOf({ memory }: GuestReport): number {
  const { need, committed, overhead = 0, hugePages = 0 } = memory
  if (need === undefined) return committed
  return Math.max(0, need - hugePages) + Math.max(domainOverhead, overhead)
}

/** Bytes that a host holds beside what its guests are known to hold. */
export function heldBeside({ committed, guests }: FleetHost): number {
  let sum = 0
  for (const { report } of guests) sum += report.memory.committed
  return Math.max(0, committed - sum)
}

/** Whether the guests of a host need more than it may give: no ballooning can mend that. */
export function hasMemoryShortage(host: FleetHost): boolean {
  let wants = heldBeside(host)
  for (const guest of host.guests) if (!guest.goingTo) wants += wantsOf(guest.report)
  return wants > host.budget
}
