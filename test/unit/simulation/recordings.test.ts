import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Scheduler } from '../../../lib/policy/plan.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import type { VcpuView } from '../../../lib/view/view.ts'
import { ticksOf } from '../schedulers/ticks.ts'
import type { RecordedGuest, Recording } from './recording.ts'

/** Points of a pCPU that the simulated usage and delay of a vCPU may be off. */
const mostError = 5

const alike = (count: number, guest: RecordedGuest) => Array<RecordedGuest>(count).fill(guest)
const spin = { load: { kind: 'spin' } } as const

/** Measured before runs were recorded: figures of whole pCPUs and of guests that were alike. */
const known: readonly Recording[] = [
  {
    name: '8 that spin on pCPU 0 of 2',
    policy: 'none',
    pcpus: 2,
    background: 0.02,
    interval: 2_000,
    from: 2,
    to: 12,
    guests: alike(8, { ...spin, affinity: '0', usage: 0.125, delay: 0.88 }),
  },
  {
    name: '8 that spin on pCPU 0 of 2, balanced',
    policy: 'balance',
    pcpus: 2,
    background: 0.05,
    interval: 2_000,
    from: 6,
    to: 16,
    // Four used 93 % of one pCPU together, four 96 % of the other.
    guests: alike(8, { ...spin, affinity: '0', usage: 0.945 / 4, delay: null }),
  },
]

function recorded(): Recording[] {
  const directory = new URL('../../lab/recordings/', import.meta.url)
  const there = readdirSync(new URL('../../lab/', import.meta.url)).includes('recordings')
  const files = there ? readdirSync(directory).filter((name) => name.endsWith('.json')) : []
  return files.map((name) => JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Recording)
}

const watching: Scheduler = () => []

async function replay({ policy, pcpus, background, interval, from, to, guests }: Recording) {
  const host = simulate({
    pcpus,
    background,
    domains: guests.map(({ load, affinity }, i) => ({ name: `guest${i}`, vcpus: [{ load, affinity }] })),
  })
  const scheduler = policy === 'balance' ? balance() : watching
  const ticks = (await ticksOf(host, { interval, scheduler, ticks: to })).slice(from)
  return (guest: number, figure: (vcpu: VcpuView) => number | undefined) => {
    const figures = ticks.map(({ view }) => figure(view.vcpus[guest]!) ?? Number.NaN)
    return figures.reduce((sum, value) => sum + value, 0) / figures.length
  }
}

const runs = [...known, ...recorded()]

it.each(runs)('$name: usage and delay within 5 points of a pCPU', async (recording) => {
  const mean = await replay(recording)
  const far: string[] = []
  const lines = recording.guests.flatMap(({ usage, delay, load }, guest) => {
    const pairs = [
      ['usage', usage, mean(guest, (vcpu) => vcpu.usage)] as const,
      ['delay', delay, mean(guest, (vcpu) => vcpu.delay)] as const,
    ]
    return pairs.flatMap(([what, measured, simulated]) => {
      if (measured === null) return []
      const error = 100 * (simulated - measured)
      const cells = [100 * measured, 100 * simulated, error].map((value) => value.toFixed(1).padStart(8))
      const line = `guest${guest} ${load.kind.padEnd(5)} ${what}${cells.join('')}`
      if (!(Math.abs(error) <= mostError)) far.push(line)
      return line
    })
  })
  console.log(`${recording.name}: measured, simulated, error in points\n${lines.join('\n')}`)
  expect(lines.length).toBeGreaterThan(0)
  expect(far).toEqual([])
})
