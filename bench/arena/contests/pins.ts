import type { Change } from '../../../lib/simulation/index.ts'
import { type Contest, contest, heavy, singles } from './contest.ts'

export const pinned: readonly Contest[] = [
  contest(
    'PINS-held',
    'three guests may be on pCPU 0 only, and five that may be anywhere are there too',
    (seed) => ({
      seed,
      pcpus: 4,
      domains: singles(8, (guest) => ({ affinity: guest < 3 ? '0' : '0-3', load: heavy })),
    }),
    { options: { respectPins: true } },
  ),
  contest(
    'PINS-conflict',
    'six guests may be on pCPUs 0 and 1 only, two on 1 to 3 only: level cannot be',
    (seed) => ({
      seed,
      pcpus: 4,
      domains: singles(8, (guest) => ({ affinity: guest < 6 ? '0-1' : '1-3', load: heavy })),
    }),
    { options: { respectPins: true } },
  ),
  contest(
    'PINS-foreign',
    'somebody else pins two more guests to pCPU 0 after 20 s',
    (seed) => ({
      seed,
      pcpus: 4,
      domains: singles(8, (guest) => ({ affinity: `${guest % 4}`, load: heavy })),
      changes: ['guest2', 'guest3'].map((domain): Change => {
        return { at: 20_500, domain, kind: 'pin', vcpu: 0, affinity: '0' }
      }),
    }),
    { turns: [20_500], ticks: 60 },
  ),
]
