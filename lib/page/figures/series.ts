import type { Moment } from '../data/history.ts'

/** Columns for a plot: seconds since the epoch, then the figures; null: not known. */
export type Series = [number[], ...(number | null)[][]]

/** Usage, delay, and sizes of one guest over the moments: pCPUs, percent, MiB. */
export function guestSeries(
  moments: readonly Moment[],
  uuid: string,
): { readonly cpu: Series; readonly memory: Series } {
  const times: number[] = []
  const used: (number | null)[] = []
  const delay: (number | null)[] = []
  const actual: (number | null)[] = []
  const inUse: (number | null)[] = []
  const target: (number | null)[] = []
  let inventory: Moment['inventory'] | undefined
  let row = -1
  let first = 0
  for (const moment of moments) {
    if (moment.inventory !== inventory) {
      inventory = moment.inventory
      row = inventory.guests.findIndex((guest) => guest.uuid === uuid)
      first = inventory.guests.slice(0, Math.max(0, row)).reduce((sum, { vcpus }) => sum + vcpus, 0)
    }
    if (row < 0) continue
    const { tick } = moment
    times.push(tick.wallTime / 1_000)
    const last = first + inventory.guests[row]!.vcpus
    const usages = known(tick.vcpus.usage.slice(first, last))
    const delays = known(tick.vcpus.delay.slice(first, last))
    used.push(usages.length === 0 ? null : usages.reduce((sum, usage) => sum + usage, 0) / 10)
    delay.push(delays.length === 0 ? null : Math.max(...delays) / 10)
    actual.push(tick.guests.actual[row] ?? null)
    inUse.push(tick.guests.inUse[row] ?? null)
    target.push(tick.guests.target[row] ?? tick.guests.actual[row] ?? null)
  }
  return { cpu: [times, used, delay], memory: [times, actual, inUse, target] }
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null)
}
