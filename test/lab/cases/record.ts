import type { Tick } from '../../../lib/control/tick.ts'
import type { Load } from '../../../lib/simulation/index.ts'
import { isFullSample, pcpuLoads } from '../../../lib/view/cpu/pcpu-loads.ts'
import type { VcpuView } from '../../../lib/view/view.ts'
import type { Recording } from '../../unit/simulation/recording.ts'
import { interval } from './balance-run.ts'
import type { Stage } from './case.ts'
import { asMeasured } from './load.ts'

/** Ticks after the last pin, or after the beginning, that are left out: what was waiting has to be worked off. */
const settling = 2

/** What is recorded. */
export interface Recorded {
  readonly name: string
  /** The policy that was in charge, unless the case ran without. */
  readonly policy: Recording['policy']
  readonly stage: Stage
  /** By guest, in the order in which the guests' domains are in the Views' vCPUs. */
  readonly loads: readonly Load[]
  readonly domains: readonly string[]
  readonly affinities: readonly string[]
  /** Fraction of one pCPU that a load takes alone. */
  readonly alone: (load: Load) => number
  /** All ticks from the first on. */
  readonly ticks: readonly Tick[]
}

/** A run whose placement came to rest, as means over the ticks of that rest. */
export function recordingOf(recorded: Recorded): Recording {
  const { name, stage, loads, domains, affinities, alone, ticks } = recorded
  const policy = stage.options.off ? 'none' : recorded.policy
  const acted = ticks.findLastIndex(({ outcomes }) => outcomes.length > 0)
  const full = ticks.findIndex(({ view }) => isFullSample(view))
  const from = Math.max(acted + 1, full) + settling
  const rest = ticks.slice(from)
  const mean = (figure: (tick: Tick) => number) => {
    return rounded(rest.reduce((sum, tick) => sum + figure(tick), 0) / rest.length)
  }
  const ofGuest = (domain: string, figure: (vcpu: VcpuView) => number | undefined) => {
    return mean(({ view }) => figure(view.vcpus.find((vcpu) => vcpu.domain.name === domain)!) ?? Number.NaN)
  }
  const pcpus = [...stage.host.topology.online]
  return {
    name: `${name} on ${pcpus.length} pCPUs${policy === 'none' ? ', without a policy' : ''}`,
    policy,
    pcpus: pcpus.length,
    background: pcpus.map((_, i) =>
      mean(({ view }) => {
        const { busy = Number.NaN, usage = 0 } = pcpuLoads(view)[i]!
        return Math.max(0, busy - usage)
      }),
    ),
    interval,
    from,
    to: ticks.length,
    guests: domains.map((domain, i) => ({
      load: asMeasured(loads[i]!, alone(loads[i]!)),
      affinity: affinities[i]!,
      usage: ofGuest(domain, ({ usage }) => usage),
      delay: ofGuest(domain, ({ delay }) => delay),
    })),
  }
}

function rounded(fraction: number): number {
  return Number(fraction.toFixed(4))
}
