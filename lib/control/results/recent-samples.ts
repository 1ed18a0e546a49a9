import type { CpuSample, MemorySample } from '../../host/sample.ts'
import type { Action } from '../../policy/plan.ts'
import { domainsByUuid, rowsByUuid } from '../../view/domains-by-uuid.ts'
import type { View } from '../../view/view.ts'
import { type Figures, levelsOf, type MemoryFigures, marginOf, meanOf } from './figures.ts'
import { SeenCpu } from './seen-cpu.ts'

/** Samples that figures are of. */
export const samplesOfFigures = 3

/** The last samples of a host, and what they show of a guest. */
export class RecentSamples {
  #cpu: readonly SeenCpu[] = []
  #memory: readonly MemorySample[] = []

  /** What comes next does not continue what was. */
  clear(): void {
    this.#cpu = []
    this.#memory = []
  }

  takeCpu(sample: CpuSample): void {
    this.#cpu = [...this.#cpu.slice(1 - samplesOfFigures), new SeenCpu(sample)]
  }

  /** The same sample again changes nothing. */
  takeMemory(sample: MemorySample): void {
    if (sample === this.#memory.at(-1)) return
    this.#memory = [...this.#memory.slice(1 - samplesOfFigures), sample]
  }

  /** What an action is about, as of now: `view` has the levels of the memory. */
  figures(action: Action, view: View): Figures {
    if (action.kind === 'setMemory') return { memory: this.#memoryOf(action.uuid, view) }
    const [vcpu, pcpus] = action.kind === 'pin' ? [action.vcpu, action.cpus] : []
    const seen = this.#cpu.flatMap((sample) => sample.figures(action.uuid, vcpu, pcpus) ?? [])
    return { cpu: meanOf(seen) }
  }

  #memoryOf(uuid: string, { domains, memory }: View): MemoryFigures | undefined {
    const domain = domainsByUuid(domains).get(uuid)
    const last = this.#memory.at(-1)
    if (!domain || !last) return undefined
    return { ...levelsOf(domain.memory), ...ratesOf(this.#memory, last, uuid), margin: marginOf(memory) }
  }
}

/** What happened between the first and the last of these samples that a domain is in. */
function ratesOf(samples: readonly MemorySample[], last: MemorySample, uuid: string) {
  const rowIn = ({ domains }: MemorySample) => rowsByUuid(domains).get(uuid)
  const first = samples.find((sample) => rowIn(sample) !== undefined) ?? last
  const [before, now] = [rowIn(first), rowIn(last)]
  const seconds = (last.time - first.time) / 1_000
  const rate = (column: 'swapIn' | 'swapOut' | 'majorFaults') =>
    seconds > 0 && before !== undefined && now !== undefined
      ? Math.max(0, last[column][now]! - first[column][before]!) / seconds
      : Number.NaN
  return { swapped: rate('swapIn') + rate('swapOut'), majorFaults: rate('majorFaults') }
}
