import { type HostShape, type Load, type Scenario, scenarios } from '../../../lib/simulation/index.ts'
import { Random } from '../../../lib/util/random.ts'
import { type Contest, contest, heavy, light, middle, singles, spin } from './contest.ts'

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

export const classic: readonly Contest[] = Object.entries(classicCases).flatMap(([name, about]) =>
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

export const saturated: readonly Contest[] = [
  contest('TRAP-4x2', 'three busy guests on one pCPU, one on the other: both are 100 % busy', crowds([3, 1])),
  contest('TRAP-8x4', '3, 2, 2 and 1 busy guests: all pCPUs are 100 % busy', crowds([3, 2, 2, 1])),
  contest('FIVE-5x4', 'five busy guests on pCPU 0 of four: no placement is level', crowds([5], 4)),
  contest('FIVE-placed', 'five busy guests as level as four pCPUs allow', crowds([2, 1, 1, 1])),
]

export const limited: readonly Contest[] = [
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

export const uneven: readonly Contest[] = [
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

export const unequal: readonly Contest[] = [
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

export const shaped: readonly Contest[] = [
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
