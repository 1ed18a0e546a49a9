import { expect, it } from 'vitest'
import type { HostEvent } from '../../lib/host/host.ts'
import { type MemorySample, MemoryStatus } from '../../lib/host/sample.ts'
import { KiB, MiB } from '../../lib/util/units.ts'
import { eventually, expectCode, rowOf, type Subject } from './subject.ts'

const columns = [
  'maximum',
  'actual',
  'available',
  'unused',
  'usable',
  'diskCaches',
  'swapIn',
  'swapOut',
  'majorFaults',
  'rss',
  'lastUpdate',
] as const

export function memoryConformance(subject: () => Subject): void {
  it('has columns that agree with each other, and the levels that need no guest', async () => {
    const { host } = subject()
    const asked = host.clock.wallTime()
    const sample = await host.sampleMemory()
    const answered = host.clock.wallTime()
    expect(sample.status).toHaveLength(sample.domains.length)
    expect(sample.state).toHaveLength(sample.domains.length)
    for (const column of columns) expect(sample[column], column).toHaveLength(sample.domains.length)
    const row = rowOf(subject(), sample)
    expect(sample.status[row]).toBe(MemoryStatus.fresh)
    expect(sample.maximum[row]).toBeGreaterThan(0)
    expect(sample.actual[row]).toBeGreaterThan(0)
    expect(sample.actual[row]).toBeLessThanOrEqual(sample.maximum[row]!)
    expect(sample.time).toBeLessThanOrEqual(host.clock.now())
    // Rounded to milliseconds, by two clocks.
    expect(sample.wallTime).toBeGreaterThanOrEqual(asked - 2)
    expect(sample.wallTime).toBeLessThanOrEqual(answered + 2)
    expect(sample.host.total).toBeGreaterThan(0)
    const { pressure } = sample.host
    expect(Number.isNaN(pressure) || (pressure >= 0 && pressure <= 1), `pressure ${pressure}`).toBe(true)
  })

  it('brings the balloon to the size that was asked for, down and up again', async ({ skip }) => {
    const { host, domain, can } = subject()
    if (!can.balloon) return skip('no balloon moves in the subject')
    const { uuid } = await host.domain(domain)
    const before = await levelsOf(subject())
    for (const bytes of [before.actual - 16 * MiB, before.actual]) {
      await host.setMemory(uuid, bytes)
      await eventually(subject(), async () => expect((await levelsOf(subject())).actual).toBe(bytes))
    }
  })

  it('tells of a balloon that has moved', async ({ skip }) => {
    const { host, domain, can } = subject()
    if (!can.balloon || !can.balloonEvents) return skip('the subject does not tell of balloons')
    const { uuid } = await host.domain(domain)
    const { actual } = await levelsOf(subject())
    const heard: HostEvent[] = []
    host.subscribe((event) => heard.push(event))
    await host.setMemory(uuid, actual - 16 * MiB)
    await eventually(subject(), () => {
      const told = heard.findLast((event) => event.kind === 'balloon' && event.domain.uuid === uuid)
      expect(told).toMatchObject({ actual: actual - 16 * MiB })
    })
    await host.setMemory(uuid, actual)
    await eventually(subject(), async () => expect((await levelsOf(subject())).actual).toBe(actual))
  })

  it('refuses sizes that cannot be, and changes nothing', async () => {
    const { host, domain, pass } = subject()
    const { uuid } = await host.domain(domain)
    const { actual, maximum } = await levelsOf(subject())
    for (const bytes of [0, -KiB, maximum + KiB, actual - 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expectCode(host.setMemory(uuid, bytes), 'ERR_INVALID_ARGUMENT')
    }
    await pass(500)
    expect((await levelsOf(subject())).actual).toBe(actual)
  })

  it('has the guest report once it was given a period', async ({ skip }) => {
    const { host, domain, can } = subject()
    if (!can.statistics) return skip('no guest reports in the subject')
    await (await host.domain(domain)).setMemoryStatsPeriod(1)
    const first = await eventually(subject(), async () => {
      const levels = await levelsOf(subject())
      expect(levels.lastUpdate).toBeGreaterThan(host.clock.wallTime() - 10_000)
      return levels
    })
    expect(first.lastUpdate % 1_000).toBe(0)
    expect(first.lastUpdate).toBeLessThanOrEqual(host.clock.wallTime() + 1_000)
    expect(first.available).toBeLessThanOrEqual(first.actual)
    expect(first.unused).toBeLessThanOrEqual(first.available)
    expect(first.usable).toBeLessThanOrEqual(first.available)
    expect(first.rss).toBeGreaterThan(0)
    await eventually(subject(), async () => {
      expect((await levelsOf(subject())).lastUpdate).toBeGreaterThan(first.lastUpdate)
    })
  })

  it('refuses periods that cannot be', async () => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    for (const seconds of [-1, 0.5, Number.NaN]) {
      await expectCode(host.setMemoryStatsPeriod(uuid, seconds), 'ERR_INVALID_ARGUMENT')
    }
  })

  it('takes samples that were asked for at once', async () => {
    const { host } = subject()
    const samples = await Promise.all([host.sampleMemory(), host.sampleMemory(), host.sampleCpu()])
    for (const sample of samples) rowOf(subject(), sample)
  })
}

type Levels = Record<(typeof columns)[number], number>

async function levelsOf(subject: Subject): Promise<Levels> {
  const sample: MemorySample = await subject.host.sampleMemory()
  const row = rowOf(subject, sample)
  return Object.fromEntries(columns.map((column) => [column, sample[column][row]!])) as Levels
}
