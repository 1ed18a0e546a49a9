import { Random } from '../../../lib/util/random.ts'
import { GiB } from '../../../lib/util/units.ts'
import { alike, hosts, steady, uneven } from './build.ts'
import type { FleetContest } from './contest.ts'

/** What a fleet is for, and what makes it hard. */
export const ownContests: readonly FleetContest[] = [
  {
    name: 'LOPSIDED',
    about: 'three hosts, all guests on one',
    rounds: 120,
    rests: true,
    optimum: true,
    scenario: (seed) => ({ seed, hosts: hosts(3), guests: alike(seed, 10, 'h1', 1.2, { vcpus: 2 }) }),
  },
  {
    name: 'NEIGHBOURS',
    about: 'four hosts, one with two guests too many',
    rounds: 120,
    rests: true,
    optimum: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(4),
      guests: [
        ...alike(seed, 7, 'h1', 1.5),
        ...alike(seed, 3, 'h2', 1.3),
        ...alike(seed, 3, 'h3', 1.4),
        ...alike(seed, 2, 'h4', 1.5),
      ],
    }),
  },
  {
    name: 'MIXED-SIZES',
    about: 'four hosts, guests of very different sizes',
    rounds: 180,
    rests: true,
    optimum: true,
    scenario: (seed) => {
      const random = new Random(seed, 'sizes')
      return {
        seed,
        hosts: hosts(4),
        guests: Array.from({ length: 14 }, (_, i) => ({
          name: `g-${i + 1}`,
          host: i < 9 ? 'h1' : `h${2 + (i % 3)}`,
          vcpus: 4,
          demand: steady(0.2 + 2.4 * random.next() ** 2),
          memory: 4 * GiB,
        })),
      }
    },
  },
  {
    name: 'UNEQUAL-HOSTS',
    about: 'hosts of 4, 8 and 32 pCPUs',
    rounds: 180,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: [4, 8, 32].map((pcpus, i) => ({ name: `h${i + 1}`, pcpus, memory: 16 * pcpus * GiB })),
      guests: [
        ...alike(seed, 5, 'h1', 1.2, { memory: 2 * GiB }),
        ...alike(seed, 7, 'h2', 1.2, { memory: 2 * GiB }),
        ...alike(seed, 8, 'h3', 1, { memory: 2 * GiB }),
      ],
    }),
    expect: ({ delayAfter }) => (delayAfter > 0.05 ? `${(100 * delayAfter).toFixed(1)} % waited` : undefined),
  },
  {
    name: 'MEMORY',
    about: 'guests of a host come to need more memory than it has',
    rounds: 180,
    rests: true,
    short: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(2, 8, 64 * GiB),
      guests: [
        ...alike(seed, 4, 'h1', 0.4, { memory: 24 * GiB, need: 10 * GiB, kind: 'large' }),
        ...alike(seed, 2, 'h1', 0.4, { memory: 10 * GiB, need: 4 * GiB, kind: 'small' }),
      ],
      changes: [1, 2, 3].map((i) => ({
        at: 120_000,
        kind: 'need' as const,
        guest: `large-${i}`,
        need: 15 * GiB,
      })),
    }),
    expect: ({ moves, homesAfter }) => {
      const gone = Object.values(homesAfter).filter((host) => host === 'h2').length
      return moves < 1 || moves > 2 || gone === 0
        ? `${moves} moves, ${gone} guests on the other host`
        : undefined
    },
  },
  {
    name: 'DETOUR',
    about: 'two full hosts whose guests are pinned to the other: over a third, which has room for one',
    rounds: 120,
    beyondUsage: true,
    rests: true,
    rules: {
      pinned: [
        { guests: 'left', hosts: ['h2'] },
        { guests: 'right', hosts: ['h1'] },
      ],
    },
    scenario: (seed) => ({
      seed,
      hosts: [...hosts(2, 8, 40 * GiB), { name: 'h3', pcpus: 8, memory: 40 * GiB }],
      guests: [
        { name: 'left', host: 'h1', demand: steady(1), memory: 24 * GiB },
        { name: 'right', host: 'h2', demand: steady(1), memory: 20 * GiB },
        { name: 'filler-1', host: 'h1', demand: steady(0.2), memory: 10 * GiB, stays: ['a device'] },
        { name: 'filler-2', host: 'h2', demand: steady(0.2), memory: 8 * GiB, stays: ['a device'] },
      ],
    }),
    expect: ({ homesAfter }) =>
      homesAfter.left === 'h2' && homesAfter.right === 'h1'
        ? undefined
        : `left is on ${homesAfter.left}, right on ${homesAfter.right}`,
  },
  {
    name: 'APART',
    about: 'guests of which no two may be on one host',
    rounds: 180,
    rests: true,
    rules: { apart: [{ guests: 'db-*' }] },
    scenario: (seed) => ({
      seed,
      hosts: hosts(4),
      guests: [
        ...hosts(3).map(({ name }, i) => ({
          name: `db-${i + 1}`,
          host: name,
          vcpus: 4,
          demand: steady(2.5),
          memory: 8 * GiB,
        })),
        ...alike(seed, 8, 'h1', 1.1, { kind: 'web' }),
      ],
    }),
    expect: ({ delayAfter }) => (delayAfter > 0.05 ? `${(100 * delayAfter).toFixed(1)} % waited` : undefined),
  },
  {
    name: 'WRITERS',
    about: 'guests that write faster than can be sent, beside others that do not',
    rounds: 180,
    rests: true,
    scenario: (seed) => ({
      seed,
      hosts: hosts(3).map((host) => ({ ...host, bandwidth: 0.125e9 })),
      guests: [
        ...alike(seed, 3, 'h1', 1.4, { kind: 'writer', dirtyRate: 0.2e9, memory: 2 * GiB }),
        ...alike(seed, 9, 'h1', 0.9, { kind: 'calm', dirtyRate: 2e6, memory: 2 * GiB }),
      ],
    }),
    expect: ({ failed, homesAfter, delayAfter }) =>
      failed > 0 || delayAfter > 0.05
        ? `${failed} failed, ${(100 * delayAfter).toFixed(1)} % waited`
        : Object.entries(homesAfter).some(([name, host]) => name.startsWith('writer') && host !== 'h1')
          ? 'a writer was moved'
          : undefined,
  },
  {
    name: 'FAILING',
    about: 'a third of all migrations fail half-way',
    rounds: 360,
    rests: true,
    scenario: (seed) => ({ seed, failures: 0.33, hosts: hosts(3), guests: alike(seed, 10, 'h1', 1.2) }),
    expect: ({ delayAfter, homesAfter }) =>
      delayAfter > 0.05 || Object.keys(homesAfter).length !== 10
        ? `${(100 * delayAfter).toFixed(1)} % waited, ${Object.keys(homesAfter).length} of 10 guests`
        : undefined,
  },
  {
    name: 'NOISE',
    about: 'demands that go up and down by chance around what fits',
    rounds: 720,
    rests: false,
    scenario: (seed) => ({
      seed,
      hosts: hosts(4),
      guests: hosts(4).flatMap(({ name }) =>
        alike(seed, 7, name, 0.8).map((guest) => ({
          ...guest,
          demand: { kind: 'random' as const, mean: 0.8, spread: 0.2 },
        })),
      ),
    }),
    expect: ({ moves }) => (moves > 12 ? `${moves} moves in two hours` : undefined),
  },
  {
    name: 'NOISY-OVERLOAD',
    about:
      'demands that go up and down by chance, and one host with too much to do all the same, from 20 minutes on',
    rounds: 720,
    rests: false,
    scenario: (seed) => {
      const random = (mean: number) => ({ kind: 'random' as const, mean, spread: 0.2 })
      const guests = hosts(4).flatMap(({ name }, i) => {
        const [count, mean] = i === 0 ? [13, 0.5] : [6, 0.8]
        return alike(seed, count, name, mean).map((guest) => ({ ...guest, demand: random(mean) }))
      })
      const changes = guests
        .filter(({ host }) => host === 'h1')
        .map(({ name }) => ({ at: 1_200_000, kind: 'demand' as const, guest: name, demand: random(0.8) }))
      return { seed, hosts: hosts(4), guests, changes }
    },
    expect: ({ moves, delayAfter }) =>
      moves < 5 || moves > 12 || delayAfter > 0.25
        ? `${moves} moves in two hours, ${(100 * delayAfter).toFixed(1)} % waited`
        : undefined,
  },
  {
    name: 'CHURN',
    about: 'guests start and stop, one each three minutes',
    rounds: 720,
    rests: false,
    comesAndGoes: true,
    scenario: (seed) => {
      const random = new Random(seed, 'churn')
      const late = Array.from({ length: 20 }, (_, i) => ({
        name: `late-${i + 1}`,
        demand: steady(0.4 + 1.2 * random.next()),
        memory: 4 * GiB,
      }))
      return {
        seed,
        hosts: hosts(4),
        guests: [...hosts(4).flatMap(({ name }) => alike(seed, 4, name, 0.9)), ...late],
        changes: late.flatMap(({ name: guest }, i) => [
          { at: 180_000 * (i + 1), kind: 'start' as const, guest, host: `h${1 + random.below(2)}` },
          { at: 180_000 * (i + 8), kind: 'stop' as const, guest },
        ]),
      }
    },
    expect: ({ mostOfOne }) => (mostOfOne > 2 ? `${mostOfOne} moves of one guest in two hours` : undefined),
  },
  {
    name: 'THIRTY-HOSTS',
    about: '30 hosts and 600 guests, most of them on the first',
    rounds: 720,
    rests: true,
    restRounds: 100,
    rules: { parallel: { all: 8 } },
    scenario: (seed) => {
      const all = hosts(30, 32, 512 * GiB)
      return {
        seed,
        hosts: all,
        guests: uneven(
          seed,
          600,
          all.map(({ name }) => name),
          0.8,
        ),
      }
    },
  },
  {
    name: 'HUNDRED-HOSTS',
    about: '100 hosts and 3,000 guests whose demand goes up and down',
    rounds: 360,
    short: true,
    rests: false,
    rules: { parallel: { all: 16 } },
    scenario: (seed) => {
      const all = hosts(100, 32, 512 * GiB)
      const names = all.map(({ name }) => name)
      const guests = uneven(seed, 3_000, names, 0.6, (mean) => ({ kind: 'random', mean, spread: mean / 5 }))
      return { seed, hosts: all, guests }
    },
  },
]
