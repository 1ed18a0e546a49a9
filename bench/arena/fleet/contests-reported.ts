import type { FleetChange } from '../../../lib/fleet/simulation/scenario.ts'
import { Random } from '../../../lib/util/random.ts'
import { GiB } from '../../../lib/util/units.ts'
import { alike, hosts, steady } from './build.ts'
import type { FleetContest } from './contest.ts'

const minute = 60_000

/** What users of other tools report that those do wrong. */
export const reportedContests: readonly FleetContest[] = [
  {
    name: 'OVERFILLED',
    about: 'a guest of 70 GiB, and hosts with less room than that',
    reported: 'gyptazy/ProxLB#378: 70 GB moved to a node of 58.75 GB, OOM kills',
    rounds: 60,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: [...hosts(1, 16, 160 * GiB), ...hosts(3, 16, 64 * GiB).slice(1)],
      guests: [
        { name: 'large', host: 'h1', vcpus: 8, demand: steady(6), memory: 70 * GiB },
        ...alike(seed, 10, 'h1', 1.2, { memory: 4 * GiB }),
        ...alike(seed, 3, 'h2', 0.5, { memory: 8 * GiB }),
        ...alike(seed, 3, 'h3', 0.5, { memory: 8 * GiB }),
      ],
    }),
    expect: ({ homesAfter }) => (homesAfter.large === 'h1' ? undefined : 'the guest of 70 GiB was moved'),
  },
  {
    name: 'FLAPPING',
    about: 'two hosts whose guests want much in turn, ten minutes each',
    reported: 'credativ/ProxLB#23, #69: thrashing, targets not looked at again, pins flap',
    rounds: 720,
    rests: false,
    scenario: (seed) => ({
      seed,
      hosts: hosts(2),
      guests: ['h1', 'h2'].flatMap((host, side) =>
        alike(seed, 8, host, 1, {}).map((guest, i) => ({
          ...guest,
          demand: {
            kind: 'wave' as const,
            mean: 0.7,
            height: 0.45,
            period: 20 * minute,
            at: side / 2 + new Random(seed, `${i}`).next() / 20,
          },
        })),
      ),
    }),
    expect: ({ moves, mostOfOne }) =>
      moves > 12 || mostOfOne > 2
        ? `${moves} moves in two hours, ${mostOfOne} of one guest: more than 12, or than 2`
        : undefined,
  },
  {
    name: 'OVERSHOOT',
    about: '140 guests on three hosts: nobody is empty and nobody full afterwards',
    reported: 'credativ/ProxLB#44: one node at 2 %, another over 60 %',
    rounds: 360,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(3, 48, 512 * GiB),
      guests: [
        ...alike(seed, 90, 'h1', 0.55, { memory: 3 * GiB }),
        ...alike(seed, 35, 'h2', 0.45, { memory: 3 * GiB }),
        ...alike(seed, 15, 'h3', 0.45, { memory: 3 * GiB }),
      ],
    }),
    expect: ({ highest, lowest }) =>
      highest - lowest > 0.5 ? `loads from ${percent(lowest)} to ${percent(highest)} afterwards` : undefined,
  },
  {
    name: 'IDLE',
    about: 'loads below 5 %, all on one host',
    reported: 'credativ/ProxLB#9, gyptazy/ProxLB#390: moved at less than 5 % CPU',
    rounds: 60,
    rests: true,
    optimum: true,
    scenario: (seed) => ({ seed, hosts: hosts(3), guests: alike(seed, 9, 'h1', 0.04) }),
    expect: none,
  },
  {
    name: 'CONTRADICTION',
    about: 'rules that contradict each other: named, and nothing is moved',
    reported: 'gyptazy/ProxLB#248, apache/cloudstack#12473: affinity ignored, a plan without a word',
    rounds: 60,
    rests: true,
    rules: { together: [{ guests: 'h1-*' }], apart: [{ guests: 'h1-*' }] },
    scenario: (seed) => ({ seed, hosts: hosts(3), guests: alike(seed, 12, 'h1', 1) }),
    expect: ({ moves, problems }) =>
      moves > 0 || !problems.includes('together-and-apart')
        ? `${moves} moves, problems named: ${problems.join(', ') || 'none'}`
        : undefined,
  },
  {
    name: 'DRY-RUN',
    about: 'a dry run: nothing is moved, and nothing counts as moved',
    reported: 'Pr0zak/ProxBalance#69: a dry run counted as a move for the cool-down',
    rounds: 60,
    rests: true,
    dryRun: true,
    scenario: (seed) => ({ seed, hosts: hosts(3), guests: alike(seed, 12, 'h1', 1) }),
    expect: ({ moves, coolingDown }) =>
      moves + coolingDown > 0 ? `${moves} moves, ${coolingDown} guests cool down` : undefined,
  },
  {
    name: 'ZEROS',
    about: 'guests that are reported to want nothing in one of twenty reports',
    reported: 'gyptazy/ProxLB#200, #340: the API says 0 CPU for running guests',
    rounds: 360,
    rests: false,
    scenario: (seed) => {
      const random = new Random(seed, 'zeros')
      return {
        seed,
        hosts: hosts(3),
        guests: ['h1', 'h2', 'h3'].flatMap((host) =>
          alike(seed, 6, host, 0.8, {}).map((guest) => ({
            ...guest,
            demand: {
              kind: 'bursts' as const,
              low: 0,
              high: 0.8,
              period: 200_000,
              part: 0.95,
              at: random.next(),
            },
          })),
        ),
      }
    },
    expect: none,
  },
  {
    name: 'TWO-BALANCERS',
    about: 'another program moves a guest each minute: it is named, and not fought',
    reported: 'proxcenter-ui discussion 433, ProxBalance 2.11.0: two balancers fight',
    rounds: 120,
    beyondUsage: true,
    rests: false,
    scenario: (seed) => ({
      seed,
      hosts: hosts(3),
      guests: [...alike(seed, 9, 'h1', 0.9), ...alike(seed, 3, 'h2', 0.9)],
      changes: Array.from({ length: 18 }, (_, i): FleetChange => {
        return {
          at: 15_000 + minute * i,
          kind: 'migrate',
          guest: `h2-${1 + ((i >> 1) % 3)}`,
          to: i % 2 === 0 ? 'h3' : 'h2',
        }
      }),
    }),
    expect: ({ mode, moves }) =>
      mode !== 'stepped back' || moves > 3 ? `${moves} moves, mode ${mode} at the end` : undefined,
  },
  {
    name: 'MAINTENANCE',
    about: 'a host of four is emptied: placed well at once, and not balanced again afterwards',
    reported: 'proxcenter-ui#248: evacuated, then balanced',
    rounds: 240,
    beyondUsage: true,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(4),
      guests: hosts(4).flatMap(({ name }, i) => alike(seed, 6, name, 0.7 + 0.05 * i)),
      changes: [{ at: minute, kind: 'drain', host: 'h1' }],
    }),
    expect: ({ moves, homesAfter }) =>
      moves !== 6 || Object.values(homesAfter).includes('h1')
        ? `${moves} moves for 6 guests, ${Object.values(homesAfter).filter((host) => host === 'h1').length} still there`
        : undefined,
  },
  {
    name: 'NO-GAIN',
    about: 'all hosts have too much to do: nothing is better elsewhere',
    reported: 'credativ/ProxLB#23: asks for "no beneficial move" as an answer',
    rounds: 120,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(3, 4),
      guests: hosts(3).flatMap(({ name }) =>
        alike(seed, 7, name, 1).map((guest) => ({ ...guest, vcpus: 1, demand: steady(0.9) })),
      ),
    }),
    expect: none,
  },
  {
    name: 'STORM',
    about: 'ten hosts, of which five have too much to do at once: never more than two migrations at a time',
    reported: 'kubevirt/community PR 258, kubevirt/monitoring PR 266: migration storms',
    rounds: 360,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(10),
      guests: hosts(10).flatMap(({ name }, i) => alike(seed, 8, name, i < 5 ? 0.5 : 0.3)),
      changes: hosts(5).flatMap(({ name }) =>
        [1, 2, 3, 4, 5].map((i): FleetChange => {
          return { at: 5 * minute, kind: 'demand', guest: `${name}-${i}`, demand: steady(1.8) }
        }),
      ),
    }),
    expect: ({ parallel, mostOfOne }) =>
      parallel > 2 || mostOfOne > 1 ? `${parallel} migrations at once, ${mostOfOne} of one guest` : undefined,
  },
]

function none({ moves }: { readonly moves: number }): string | undefined {
  return moves > 0 ? `${moves} moves` : undefined
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`
}
