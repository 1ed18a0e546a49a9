import type { AutopilotOptions } from '../../lib/control/autopilot.ts'
import type {
  Change,
  DomainScenario,
  HostShape,
  Load,
  Scenario,
  VcpuScenario,
} from '../../lib/simulation/index.ts'
import { scenarios } from '../../lib/simulation/index.ts'
import { Random } from '../../lib/util/random.ts'

/** One scenario of the arena, which every scheduler goes through. */
export interface Contest {
  readonly name: string
  /** What it is, for people. */
  readonly about: string
  readonly scenario: (seed: number) => Scenario
  /** Ticks that it is run for. */
  readonly ticks: number
  /** Milliseconds at which the load, the guests or the pins change: each begins a new phase. */
  readonly turns: readonly number[]
  /** Milliseconds before which changes follow each other so fast that nothing can be asked of a scheduler. */
  readonly judgedFrom: number
  /** Small enough, or of few enough kinds of vCPUs, for the oracle to work out. */
  readonly oracle: boolean
  readonly options: Partial<AutopilotOptions>
}

const heavy: Load = { kind: 'loop', work: 5, sleep: 7 }
const middle: Load = { kind: 'loop', work: 4, sleep: 10 }
const light: Load = { kind: 'loop', work: 2, sleep: 12 }
const spin: Load = { kind: 'spin' }

function contest(
  name: string,
  about: string,
  scenario: Contest['scenario'],
  rest: Partial<Contest> = {},
): Contest {
  return { name, about, scenario, ticks: 40, turns: [], judgedFrom: 0, oracle: true, options: {}, ...rest }
}

/** Guests of one vCPU each, in the order of `each`. */
function singles(count: number, each: (guest: number) => VcpuScenario): DomainScenario[] {
  return Array.from({ length: count }, (_, guest) => ({ name: `guest${guest + 1}`, vcpus: [each(guest)] }))
}

const classicSizes = [
  { guests: 8, pcpus: 4 },
  { guests: 16, pcpus: 8 },
  { guests: 64, pcpus: 16 },
]
const classicCases = {
  A1: 'all on pCPU 0, equal load',
  A2: 'half on the first pCPU, half on the last, equal load',
  A3: 'spread evenly, equal load',
  A4: 'free to run anywhere, equal load',
  A5: 'free to run anywhere, heavy and light in turn',
  A6: 'spread evenly, no load',
  A7: 'free and light, half turn heavy after 20 s',
} as const

const classic: Contest[] = Object.entries(classicCases).flatMap(([name, about]) =>
  classicSizes.map((size) =>
    contest(
      `${name}-${size.guests}x${size.pcpus}`,
      about,
      (seed) => scenarios[name as keyof typeof classicCases]({ ...size, seed }),
      {
        ...(name === 'A7' ? { turns: [20_000], ticks: 60 } : {}),
        // Two kinds of load anywhere on 16 pCPUs are minutes of work for it.
        oracle: size.guests < 64 || (name !== 'A5' && name !== 'A7'),
      },
    ),
  ),
)

/** So many guests on each pCPU, all computing without end. */
function crowds(crowd: readonly number[], pcpus = crowd.length): (seed: number) => Scenario {
  const places = crowd.flatMap((count, pcpu) => new Array<number>(count).fill(pcpu))
  return (seed) => ({
    seed,
    pcpus,
    domains: singles(places.length, (guest) => ({ affinity: `${places[guest]}`, load: spin })),
  })
}

const saturated: Contest[] = [
  contest('TRAP-4x2', 'three busy guests on one pCPU, one on the other: both are 100 % busy', crowds([3, 1])),
  contest('TRAP-8x4', '3, 2, 2 and 1 busy guests: all pCPUs are 100 % busy', crowds([3, 2, 2, 1])),
  contest('FIVE-5x4', 'five busy guests on pCPU 0 of four: no placement is level', crowds([5], 4)),
  contest('FIVE-placed', 'five busy guests as level as four pCPUs allow', crowds([2, 1, 1, 1])),
]

const limited: Contest[] = [
  contest(
    'QUOTA-6x2',
    'four busy guests under a quota of a quarter, three on pCPU 0; two without one on pCPU 1',
    (seed) => ({
      seed,
      pcpus: 2,
      domains: singles(6, (guest) => ({ affinity: guest < 3 ? '0' : '1', load: spin })).map(
        (domain, guest) => (guest < 4 ? { ...domain, cpuQuota: { vcpu: 0.25 } } : domain),
      ),
    }),
  ),
]

/** Two cores of full speed and two of 0.6. */
const hybrid: HostShape = { cores: 4, capacities: [1, 1, 0.6, 0.6] }

const uneven: Contest[] = [
  contest(
    'HYBRID-16x4',
    'sixteen equal guests, four on each pCPU, of which two do 0.6 of the work of the others',
    (seed) => ({
      seed,
      pcpus: hybrid,
      domains: singles(16, (guest) => ({
        affinity: `${guest % 4}`,
        load: { kind: 'loop', work: 3, sleep: 17 },
      })),
    }),
    { oracle: false },
  ),
]

/** Guests of several vCPUs each, crowded on the first half of the pCPUs; loads go round by guest. */
function wide(guests: number, width: number, pcpus: number, loads: readonly Load[]): Contest {
  return contest(
    `WIDE${width}-${guests * width}x${pcpus}`,
    `${guests} guests of ${width} vCPUs, crowded on half of the pCPUs, ${loads.length} kinds of load`,
    (seed) => ({
      seed,
      pcpus,
      domains: Array.from({ length: guests }, (_, guest) => ({
        name: `guest${guest + 1}`,
        vcpus: Array.from({ length: width }, (_, vcpu) => ({
          affinity: `${(guest + vcpu) % (pcpus / 2)}`,
          load: loads[guest % loads.length]!,
        })),
      })),
    }),
  )
}

const unequal: Contest[] = [
  wide(6, 2, 4, [heavy, light]),
  wide(4, 4, 8, [heavy, light]),
  wide(3, 8, 8, [heavy, middle, light]),
  contest('MIXED-10x4', 'ten guests, each with a load of its own, anyhow on four pCPUs', (seed) => {
    const random = new Random(seed, 'MIXED')
    const load = (): Load => {
      const part = 0.05 + 0.5 * random.next()
      return { kind: 'loop', work: 12 * part, sleep: 12 * (1 - part) }
    }
    return { seed, pcpus: 4, domains: singles(10, () => ({ affinity: `${random.below(4)}`, load: load() })) }
  }),
]

/** Guests where `places` says, one after the other. */
function placed(shape: HostShape, places: readonly number[], load: Load): (seed: number) => Scenario {
  return (seed) => ({
    seed,
    pcpus: shape,
    domains: singles(places.length, (guest) => ({ affinity: `${places[guest]}`, load })),
  })
}

const smt: HostShape = { cores: 4, threads: 2 }
const twoCells: HostShape = { sockets: 2, cores: 4 }
const fourCells: HostShape = { sockets: 4, cores: 4 }

const shaped: Contest[] = [
  contest(
    'SMT-crowded',
    'eight guests on the first threads of two cores of four',
    placed(smt, [0, 0, 0, 0, 1, 1, 1, 1], light),
  ),
  contest(
    'SMT-siblings',
    'four busy guests on both threads of two cores, two cores idle',
    placed(smt, [0, 4, 1, 5], spin),
  ),
  contest(
    'NUMA2-inside',
    'four guests on the first pCPU of each of two cells: level without crossing',
    placed(twoCells, [0, 0, 0, 0, 4, 4, 4, 4], heavy),
  ),
  contest(
    'NUMA2-across',
    'twelve guests in one cell of two, four in the other: some have to cross',
    placed(twoCells, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6, 7], heavy),
  ),
  contest('NUMA4-inside', 'guests of two vCPUs crowded within each of four cells', (seed) => ({
    seed,
    pcpus: fourCells,
    domains: Array.from({ length: 16 }, (_, guest) => {
      const first = 4 * (guest % 4)
      return {
        name: `guest${guest + 1}`,
        vcpus: [
          { affinity: `${first}`, load: heavy },
          { affinity: `${first + 1}`, load: heavy },
        ],
      }
    }),
  })),
]

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

const restless: Contest[] = [
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

const pinned: Contest[] = [
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

/** Guests of equal load, evenly spread, on a host of four pCPUs whose usable ones change after 20 s. */
function changing(change: Change, more: Partial<Scenario> = {}): (seed: number) => Scenario {
  const places = more.cpuset || more.offline ? 2 : 4
  const domains = singles(12, (guest) => ({ affinity: `${guest % places}`, load: heavy }))
  return (seed) => ({ seed, pcpus: 4, domains, changes: [change], ...more })
}

const usable: Contest[] = [
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

export const contests: readonly Contest[] = [
  ...classic,
  ...saturated,
  ...limited,
  ...uneven,
  ...unequal,
  ...shaped,
  ...restless,
  ...pinned,
  ...usable,
]
