import type { Change } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { contest, guest, guests, run } from './build.ts'
import type { MemoryContest } from './contest.ts'

const task = 48 * MiB
/** Each touches all of its memory every four seconds. */
const tasks = (count: number) => ({ size: count * task, touch: count * 12 * MiB })
const small = { maximum: 1 * GiB, actual: 512 * MiB, swap: 'disk' } as const

const cagma = contest(
  'CAGMA',
  'tasks of 48 MiB in three guests of 512 MiB: two then ten, two then nine, and disk work',
  {
    memory: 2_720 * MiB,
    domains: [
      guest('guest1', { ...small, program: tasks(2) }),
      guest('guest2', { ...small, program: tasks(2) }),
      guest('guest3', { ...small, program: { size: 48 * MiB, files: 300 * MiB } }),
    ],
    changes: [run(180, 'guest1', tasks(10)), run(240, 'guest2', tasks(9)), run(360, 'guest1', tasks(2))],
  },
  { ticks: 210, tasks: { guests: ['guest1', 'guest2'], size: task, work: 10 } },
)

const giant = contest('GIANT', 'an idle giant of 6 GiB beside a dwarf that starves at 512 MiB', {
  memory: 8 * GiB,
  domains: [
    guest('giant', { maximum: 8 * GiB, actual: 6 * GiB, program: { size: 300 * MiB } }),
    guest('dwarf', { maximum: 4 * GiB, actual: 512 * MiB, swap: 'disk' }),
  ],
  changes: [run(20, 'dwarf', { size: 2 * GiB, rate: 22 * MiB, touch: 256 * MiB })],
})

const grower = { maximum: 2 * GiB, actual: 512 * MiB } as const
const tooMuch = (domains: readonly string[]): Change[] =>
  domains.flatMap((name) => [
    run(5, name, { size: 1_600 * MiB, rate: 22 * MiB, touch: 64 * MiB }),
    run(120, name, { size: 0 }),
  ])
const four = ['guest1', 'guest2', 'guest3', 'guest4']

const crowded = [
  contest('CROWD-swap', 'all four grow beyond what the host has; they have swap disks', {
    memory: 4 * GiB,
    domains: guests(4, { ...grower, swap: 'disk' }),
    changes: tooMuch(four),
  }),
  contest('CROWD', 'all four grow beyond what the host has, without swap', {
    memory: 4 * GiB,
    domains: guests(4, grower),
    changes: tooMuch(four),
  }),
]

const roomy = { maximum: 8 * GiB, actual: 512 * MiB } as const
const idle = { maximum: 2 * GiB, actual: 1 * GiB } as const
const growth = [25, 100].flatMap((rate) => [
  contest(
    `GROW${rate}`,
    `one of four grows by ${rate} MB/s to 5 GiB, three are idle`,
    {
      memory: 12 * GiB,
      domains: [guest('grower', roomy), ...guests(3, idle, 'idle')],
      changes: [run(20, 'grower', { size: 5 * GiB, rate: rate * 1e6 })],
    },
    { ticks: 190 },
  ),
  contest(`GROW${rate}-all`, `three grow by ${rate} MB/s to 2 GiB each`, {
    memory: 12 * GiB,
    domains: guests(3, { maximum: 4 * GiB, actual: 512 * MiB }),
    changes: ['guest1', 'guest2', 'guest3'].map((name) => run(20, name, { size: 2 * GiB, rate: rate * 1e6 })),
  }),
])

const burst = { size: 3 * GiB, rate: 1.5 * GiB, touch: 128 * MiB }
const bursts = [
  contest('BURST', '3 GiB within 2 s, three times, in a guest with a swap disk', {
    memory: 12 * GiB,
    domains: [guest('burster', { ...roomy, swap: 'disk' }), ...guests(3, idle, 'idle')],
    changes: [40, 100, 160].flatMap((second) => [
      run(second, 'burster', burst),
      run(second + 30, 'burster', { size: 64 * MiB }),
    ]),
  }),
  contest(
    'BURST-roomy',
    '3 GiB within 2 s in a guest that has had the room for it for two minutes, no swap',
    {
      memory: 12 * GiB,
      domains: [guest('burster', { maximum: 4 * GiB }), ...guests(3, idle, 'idle')],
      changes: [run(120, 'burster', { ...burst, size: 3 * GiB })],
    },
  ),
]

export const demanding: readonly MemoryContest[] = [cagma, giant, ...crowded, ...growth, ...bursts]
