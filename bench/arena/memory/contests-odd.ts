import type { Change, MemoryScenario } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { contest, guest, guests, run } from './build.ts'
import type { MemoryContest } from './contest.ts'

/** One of these holds more than it needs, others need it: 4 GiB host, four guests. */
const holder: MemoryScenario = { maximum: 2 * GiB, actual: 1 * GiB, program: { size: 200 * MiB } }
const needy: MemoryScenario = { maximum: 2 * GiB, actual: 512 * MiB }
const grow = { size: 800 * MiB, rate: 22 * MiB, touch: 64 * MiB }

function beside(name: string, about: string, strange: MemoryScenario, memory = 4 * GiB): MemoryContest {
  return contest(name, about, {
    memory,
    domains: [
      guest('strange', { ...holder, ...strange }),
      guest('holder', holder),
      guest('needy1', needy),
      guest('needy2', { ...needy, swap: 'disk' }),
    ],
    changes: [run(20, 'needy1', grow), run(30, 'needy2', grow), run(120, 'needy1', { size: 0 })],
  })
}

const refusers = [
  beside('REFUSER', 'one of four reports and obeys nothing', { balloon: 'refuses' }, 4.5 * GiB),
  beside(
    'NO-DRIVER',
    'one of four has no driver: silent, and obeys nothing',
    { balloon: 'no-driver' },
    4.5 * GiB,
  ),
  beside('SLOW', 'one of four has a balloon twenty times as slow', { balloonSpeed: 0.05 }),
]

const liars = [
  beside(
    'LIAR-free',
    'one of four says that all is free',
    { lie: 'all free', program: { size: 700 * MiB } },
    4.5 * GiB,
  ),
  beside('LIAR-used', 'one of four says that all is used', { lie: 'all used' }, 5.75 * GiB),
  beside(
    'LIAR-same',
    'one of four says the same for ever, and needs more than at first',
    {
      lie: 'same again',
      actual: 1536 * MiB,
      program: { size: 900 * MiB, rate: 50 * MiB },
    },
    5 * GiB,
  ),
  beside(
    'LIAR-swap',
    'one of four never tells of its swapping',
    {
      lie: 'no swap',
      swap: 'disk',
      actual: 768 * MiB,
      program: { size: 600 * MiB, touch: 200 * MiB },
    },
    4.5 * GiB,
  ),
]

const late = [
  contest(
    'LATE-8',
    'reports are 8 s old; two of four grow slowly',
    {
      memory: 4 * GiB,
      domains: guests(4, { maximum: 2 * GiB, actual: 768 * MiB, reportDelay: 8_000 }),
      changes: [
        run(30, 'guest1', { size: 1 * GiB, rate: 5 * MiB }),
        run(30, 'guest2', { size: 1 * GiB, rate: 5 * MiB }),
      ],
    },
    { ticks: 180 },
  ),
  contest('LATE-10', 'reports of two of four are 10 s old; these use what they have, the others grow', {
    memory: 4 * GiB,
    domains: [
      ...guests(2, { maximum: 2 * GiB, actual: 768 * MiB, reportDelay: 10_000 }, 'late'),
      ...guests(2, needy, 'timely'),
    ],
    changes: [
      run(30, 'late1', { size: 600 * MiB, rate: 10 * MiB }),
      run(60, 'late2', { size: 600 * MiB, rate: 10 * MiB }),
      run(30, 'timely1', { size: 700 * MiB, rate: 22 * MiB }),
    ],
  }),
]

/** Those that start later hold nothing of the host until then. */
const comer = (name: string) =>
  guest(
    name,
    { maximum: 1 * GiB, actual: 512 * MiB, program: { size: 600 * MiB, rate: 20 * MiB } },
    { running: false },
  )
const turn = (seconds: number, domain: string, kind: 'start' | 'stop'): Change => ({
  at: 1_000 * seconds,
  domain,
  kind,
})
const comers = contest('COMERS', 'guests come and go: six at most, each needs more than it starts with', {
  memory: 6 * GiB,
  domains: [
    ...guests(4, { maximum: 1536 * MiB, actual: 1 * GiB, program: { size: 500 * MiB } }),
    ...['late1', 'late2', 'late3'].map(comer),
  ],
  changes: [
    turn(30, 'guest1', 'stop'),
    turn(40, 'late1', 'start'),
    turn(70, 'late2', 'start'),
    turn(110, 'guest2', 'stop'),
    turn(130, 'late3', 'start'),
  ],
})

const hidden = contest(
  'SQUEEZE',
  'one of three is wrongly small at the start and swaps: its free memory hides that',
  {
    memory: 4 * GiB,
    domains: [
      guest('squeezed', {
        maximum: 2 * GiB,
        actual: 512 * MiB,
        swap: 'disk',
        program: { size: 900 * MiB, touch: 128 * MiB },
      }),
      ...guests(2, { maximum: 2 * GiB, actual: 768 * MiB }, 'idle'),
    ],
  },
  { ticks: 60 },
)

const huge = contest('HUGE', 'one of 8 GiB on huge pages beside one of 1 to 3 GiB that grows to 2 GiB', {
  memory: 16 * GiB,
  domains: [
    guest('huge', { maximum: 8 * GiB, pinned: 'huge pages', program: { size: 6 * GiB } }),
    guest('grower', { maximum: 3 * GiB, actual: 1 * GiB, program: { size: 200 * MiB } }),
  ],
  changes: [run(20, 'grower', { size: 1800 * MiB, rate: 22 * MiB })],
})

export const odd: readonly MemoryContest[] = [...refusers, ...liars, ...late, comers, hidden, huge]
