/** The vCPUs of one guest, which all want the same of a pCPU: 0 to 1 each. */
export interface FluidGuest {
  readonly vcpus: number
  readonly demand: number
}

/** Rounds after which the figures have come to rest within a point. */
const rounds = 24

/**
 * The part of the time that the vCPUs of each guest wait, the longest of each: what a host of `pcpus` pCPUs with Ballast's
 * `balance` comes to. The largest vCPUs are placed first, each on the pCPU that has the least to do. On one pCPU the time goes
 * in equal parts to those that are runnable, and each works, then sleeps: one that waits w of the time is runnable
 * r = d × (1 − w) + w of it, gets 1 / (1 + the r of the others) of that, and waits for the rest: processor sharing with mean
 * values, for closed loops.
 */
export function fluidDelays(guests: readonly FluidGuest[], pcpus: number): Float64Array {
  const demands: number[] = []
  const owners: number[] = []
  for (const [guest, { vcpus, demand }] of guests.entries()) {
    if (demand <= 0) continue
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      demands.push(Math.min(1, demand))
      owners.push(guest)
    }
  }
  const order = demands.map((_, vcpu) => vcpu).sort((a, b) => demands[b]! - demands[a]! || a - b)
  const count = Math.max(1, Math.floor(pcpus))
  const loads = new Float64Array(count)
  const on: number[][] = Array.from(loads, () => [])
  for (const vcpu of order) {
    let least = 0
    for (let pcpu = 1; pcpu < count; pcpu++) if (loads[pcpu]! < loads[least]! - 1e-12) least = pcpu
    loads[least]! += demands[vcpu]!
    on[least]!.push(vcpu)
  }
  const longest = new Float64Array(guests.length)
  for (const vcpus of on) {
    const delays = sharedDelays(vcpus.map((vcpu) => demands[vcpu]!))
    for (const [i, vcpu] of vcpus.entries()) {
      const owner = owners[vcpu]!
      longest[owner] = Math.max(longest[owner]!, delays[i]!)
    }
  }
  return longest
}

/** The part of the time that each of the vCPUs on one pCPU waits. */
export function sharedDelays(demands: readonly number[]): Float64Array {
  const delays = new Float64Array(demands.length)
  if (demands.length < 2) return delays
  const runnable = new Float64Array(demands.length)
  for (let round = 0; round < rounds; round++) {
    let total = 0
    for (const [i, demand] of demands.entries()) {
      runnable[i] = demand * (1 - delays[i]!) + delays[i]!
      total += runnable[i]!
    }
    for (let i = 0; i < delays.length; i++) {
      const others = total - runnable[i]!
      delays[i] = (delays[i]! + (runnable[i]! * others) / (1 + others)) / 2
    }
  }
  return delays
}
