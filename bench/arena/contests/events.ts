import type { Change, DomainScenario, Scenario } from '../../../lib/simulation/index.ts'
import { Random } from '../../../lib/util/random.ts'
import { type Contest, contest, heavy, light, singles } from './contest.ts'

function comers(seed: number): Scenario {
  const running = singles(8, (guest) => ({ affinity: `${guest % 4}`, load: heavy }))
  const later = ['late1', 'late2', 'late3'].map((name): DomainScenario => {
    return { name, running: false, vcpus: [{ load: heavy }] }
  })
  const changes: Change[] = [
    { at: 20_000, domain: 'guest1', kind: 'stop' },
    { at: 20_000, domain: 'guest5', kind: 'stop' },
    { at: 45_000, domain: 'late1', kind: 'start' },
    { at: 45_000, domain: 'late2', kind: 'start' },
    { at: 70_000, domain: 'late3', kind: 'start' },
    { at: 70_000, domain: 'guest2', kind: 'stop' },
  ]
  return { seed, pcpus: 4, domains: [...running, ...later], changes }
}

const walkEnds = 60_000

function walk(seed: number): Scenario {
  const random = new Random(seed, 'WALK')
  const parts = [0.1, 0.1, 0.1, 0.1]
  const changes: Change[] = []
  for (let at = 5_000; at <= walkEnds; at += 2_500) {
    const pcpu = random.below(4)
    parts[pcpu] = Math.min(0.5, Math.max(0, parts[pcpu]! + 0.3 * (random.next() - 0.5)))
    changes.push({ at, kind: 'background', pcpu, part: parts[pcpu]! })
  }
  const domains = singles(12, (guest) => ({ affinity: `${guest % 4}`, load: light }))
  return { seed, pcpus: 4, background: [0.1, 0.1, 0.1, 0.1], domains, changes }
}

export const restless: readonly Contest[] = [
  contest('COMERS', 'guests come and go: two end, two start, one takes the place of another', comers, {
    turns: [20_000, 45_000, 70_000],
    ticks: 100,
  }),
  contest('BACKGROUND', 'twelve light guests spread evenly; something else takes half of pCPU 0', (seed) => ({
    seed,
    pcpus: 4,
    background: [0.5, 0.02, 0.02, 0.02],
    domains: singles(12, (guest) => ({ affinity: `${guest % 4}`, load: light })),
  })),
  contest('WALK', 'background load walks on four pCPUs for a minute, then stands', walk, {
    turns: [walkEnds],
    judgedFrom: walkEnds,
    ticks: 110,
  }),
]

/** Guests of equal load, evenly spread, on a host of four pCPUs whose usable ones change after 20 s. */
function changing(change: Change, more: Partial<Scenario> = {}): (seed: number) => Scenario {
  const places = more.cpuset || more.offline ? 2 : 4
  const domains = singles(12, (guest) => ({ affinity: `${guest % places}`, load: heavy }))
  return (seed) => ({ seed, pcpus: 4, domains, changes: [change], ...more })
}

export const usable: readonly Contest[] = [
  contest(
    'OFFLINE',
    'twelve guests spread evenly on four pCPUs; after 20 s pCPU 3 goes offline',
    changing({ at: 20_000, kind: 'offline', pcpu: 3 }),
    { turns: [20_000], ticks: 60 },
  ),
  contest(
    'ONLINE',
    'twelve guests on two pCPUs of three; after 20 s pCPU 3 comes online',
    changing({ at: 20_000, kind: 'online', pcpu: 3 }, { offline: '3' }),
    { turns: [20_000], ticks: 60 },
  ),
  contest(
    'CPUSET',
    'twelve guests whose cgroup keeps them to two of four pCPUs, and to three after 20 s',
    changing({ at: 20_000, kind: 'cpuset', cpus: '0-2' }, { cpuset: '0-1' }),
    { turns: [20_000], ticks: 60 },
  ),
]
