import { expect, it } from 'vitest'
import { type Load, type MemoryScenario, type Program, simulate } from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'

/** A figure of docs/simulation.md: measured on real guests, and worked out here. */
interface Figure {
  readonly what: string
  readonly unit: '%' | 's' | 'MiB'
  readonly measured: number
  readonly simulated: number
  readonly bound: number
}

const spin: Load = { kind: 'spin' }
const second = 1_000
/** What the kernel of a guest of 1 GiB keeps; its use is that and what its program holds. */
const kernelMiB = 56

/** Usage and delay of each guest, in percent of a pCPU, when these loads share one. */
async function onOnePcpu(loads: readonly Load[]): Promise<{ usage: number[]; delay: number[] }> {
  const host = simulate({
    pcpus: 1,
    domains: loads.map((load, i) => ({ name: `guest${i}`, vcpus: [{ load }] })),
  })
  await host.clock.sleepUntil(5 * second)
  await host.sampleCpu()
  await host.clock.sleepUntil(35 * second)
  const sample = await host.sampleCpu()
  const percent = (column: Float64Array) => Array.from(column, (value) => 100 * value)
  return { usage: percent(sample.usage), delay: percent(sample.delay) }
}

/** Measured usage and delay, and how far the simulated delay may be off. */
type Measured = readonly [usage: number, delay: number, delayBound?: number]

async function cpuFigures(
  what: string,
  loads: readonly Load[],
  measured: readonly Measured[],
): Promise<Figure[]> {
  const { usage, delay } = await onOnePcpu(loads)
  return measured.flatMap(([u, d, delayBound = 5], i): Figure[] => [
    { what: `${what}: usage`, unit: '%', measured: u, simulated: usage[i]!, bound: 5 },
    { what: `${what}: delay`, unit: '%', measured: d, simulated: delay[i]!, bound: delayBound },
  ])
}

/** How long a balloon takes to where it was sent, and what it comes to in 20 s at most. */
async function balloon(
  memory: MemoryScenario,
  target: number,
  { load = { kind: 'idle' }, frees = false }: { load?: Load; frees?: boolean } = {},
) {
  const nothing: Program = { size: 0 }
  const host = simulate({
    pcpus: 1,
    domains: [{ name: 'guest', vcpus: [{ load }], memory }],
    changes: frees ? [{ at: 1 * second, domain: 'guest', kind: 'program', program: nothing }] : [],
  })
  const guest = await host.domain('guest')
  await guest.setMemoryStatsPeriod(1)
  await host.clock.sleepUntil(2 * second)
  await guest.setMemory(target)
  let sample = await host.sampleMemory()
  const began = host.clock.now()
  while (sample.actual[0] !== target && host.clock.now() < began + 20 * second) {
    await host.clock.sleepUntil(host.clock.now() + 20)
    sample = await host.sampleMemory()
  }
  const seconds = (host.clock.now() - began) / second
  await host.clock.sleepUntil(host.clock.now() + 2 * second)
  const { swapOut } = await host.sampleMemory()
  return {
    seconds,
    actual: sample.actual[0]! / MiB,
    swapOut: swapOut[0]! / MiB,
    truth: host.truth(guest.uuid)!,
  }
}

/** When the OOM killer ends a program that grows in a guest that nobody helps. */
async function lifeOfAGrowingProgram(): Promise<number> {
  const host = simulate({
    pcpus: 2,
    domains: [
      { name: 'guest', memory: { maximum: 512 * MiB, program: { size: 1024 * MiB, rate: 16 * MiB } } },
    ],
  })
  const { uuid } = await host.domain('guest')
  while (host.truth(uuid)!.programsKilled === 0) await host.clock.sleepUntil(host.clock.now() + 100)
  return host.clock.now() / second
}

it('comes close to what was measured on real guests', async () => {
  const loop: Load = { kind: 'loop', work: 2, sleep: 10.5 }
  const gib = { maximum: 1024 * MiB }
  const used = { ...gib, program: { size: 900 * MiB } }
  const squeezed = { ...gib, program: { size: 440 * MiB } }
  const freshDown = await balloon(gib, 768 * MiB)
  const usedDown = await balloon(used, 256 * MiB, { frees: true })
  const busyDown = await balloon(used, 256 * MiB, { frees: true, load: spin })
  const busyUp = await balloon({ ...gib, actual: 256 * MiB }, 1024 * MiB, { load: spin })
  const up = await balloon({ ...gib, actual: 512 * MiB }, 1024 * MiB)
  const stopped = await balloon(squeezed, 300 * MiB)
  const disk500 = await balloon({ ...squeezed, swap: 'disk' }, 500 * MiB)
  const disk300 = await balloon({ ...squeezed, swap: 'disk' }, 300 * MiB)
  const zram500 = await balloon({ ...squeezed, swap: 'zram' }, 500 * MiB)
  const zram300 = await balloon({ ...squeezed, swap: 'zram' }, 300 * MiB)
  const inUse = 440 + kernelMiB

  const figures: Figure[] = [
    ...(await cpuFigures('8 that spin', Array(8).fill(spin), [[12.5, 88]])),
    ...(await cpuFigures('4 that spin', Array(4).fill(spin), [[25, 75.2]])),
    ...(await cpuFigures('1 that spins', [spin], [[97, 2.5]])),
    ...(await cpuFigures('4 closed loops of 16 %', Array(4).fill(loop), [[16, 3]])),
    // Mixed loads on a crowded pCPU are held against recorded runs: recordings.test.ts.
    {
      what: 'balloon down 256 MiB, never used',
      unit: 's',
      measured: 0.5,
      simulated: freshDown.seconds,
      bound: 0.2,
    },
    {
      what: 'down 768 MiB, used and freed',
      unit: 's',
      measured: 2.5,
      simulated: usedDown.seconds,
      bound: 0.4,
    },
    { what: 'down 768 MiB, guest busy', unit: 's', measured: 5.7, simulated: busyDown.seconds, bound: 0.6 },
    { what: 'up 768 MiB, guest busy', unit: 's', measured: 1.8, simulated: busyUp.seconds, bound: 0.3 },
    { what: 'up 512 MiB', unit: 's', measured: 0.55, simulated: up.seconds, bound: 0.2 },
    {
      what: 'stops above use, no swap',
      unit: 'MiB',
      measured: 48,
      simulated: stopped.actual - inUse,
      bound: 5,
    },
    { what: 'swapped out at 500 MiB', unit: 'MiB', measured: 69, simulated: disk500.swapOut, bound: 20 },
    { what: 'swapped out at 300 MiB', unit: 'MiB', measured: 301, simulated: disk300.swapOut, bound: 20 },
    {
      what: 'a growing program lives',
      unit: 's',
      measured: 28,
      simulated: await lifeOfAGrowingProgram(),
      bound: 2,
    },
  ]

  console.log(figures.map(line).join('\n'))
  const far = figures.filter(({ measured, simulated, bound }) => !(Math.abs(simulated - measured) <= bound))
  expect(far.map(line)).toEqual([])
  expect([disk500.actual, disk300.actual, zram500.actual, zram300.actual]).toEqual([500, 300, 500, 300])
  expect([disk300, zram500, zram300, stopped].map(({ truth }) => truth.programsKilled)).toEqual([0, 0, 1, 0])
})

function line({ what, unit, measured, simulated, bound }: Figure): string {
  const cells = [`${measured.toFixed(1)} ${unit}`, `${simulated.toFixed(1)} ${unit}`, `± ${bound}`]
  return what.padEnd(36) + cells.map((cell) => cell.padStart(11)).join('')
}
