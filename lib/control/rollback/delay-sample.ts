import { vcpuKey } from '../../policy/plan.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import type { View } from '../../view/view.ts'

/** How long the vCPUs of managed domains waited in one View, and where; in columns, since Views that are kept cost much more. */
export interface DelaySample {
  /** By vCPU: the UUID of its domain, and its number there. */
  readonly uuids: readonly string[]
  readonly vcpus: Int32Array
  /** pCPU that it was on. */
  readonly places: Int32Array
  /** Fraction of the time that it waited. */
  readonly delays: Float64Array
}

/** The delays of a View, as far as they are known. */
export function delaySample({ vcpus }: View): DelaySample {
  const uuids: string[] = []
  const numbers = new Int32Array(vcpus.length)
  const places = new Int32Array(vcpus.length)
  const delays = new Float64Array(vcpus.length)
  for (const vcpu of vcpus) {
    const { domain, delay } = vcpu
    if (delay === undefined || !domain.settings.managed) continue
    const place = placeOf(vcpu)
    if (place === undefined) continue
    const row = uuids.push(domain.uuid) - 1
    numbers[row] = vcpu.vcpu
    places[row] = place
    delays[row] = delay
  }
  return { uuids, vcpus: numbers, places, delays }
}

/** Mean delay of the worst-served vCPU on these pCPUs over some samples; 0 where none is known. */
export function worstDelay(samples: readonly DelaySample[], pcpus: ReadonlySet<number>): number {
  const sums = new Map<string, { delay: number; samples: number }>()
  for (const { uuids, vcpus, places, delays } of samples) {
    for (let row = 0; row < uuids.length; row++) {
      if (!pcpus.has(places[row]!)) continue
      const key = vcpuKey(uuids[row]!, vcpus[row]!)
      const sum = sums.get(key)
      if (sum) {
        sum.delay += delays[row]!
        sum.samples++
      } else {
        sums.set(key, { delay: delays[row]!, samples: 1 })
      }
    }
  }
  return Math.max(0, ...Array.from(sums.values(), ({ delay, samples }) => delay / samples))
}
