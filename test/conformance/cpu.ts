import { expect, it } from 'vitest'
import type { Host } from '../../lib/host/host.ts'
import type { CpuSample } from '../../lib/host/sample.ts'
import { type Subject, vcpuRows } from './subject.ts'

/** Milliseconds that a rounded time may be off. */
const rounding = 2

export function cpuConformance(subject: () => Subject): void {
  it('has columns that agree with each other', async () => {
    const { host, pass } = subject()
    await host.sampleCpu()
    await pass(500)
    expectShape(subject(), await host.sampleCpu())
  })

  it('knows nothing of what was before the first sample', async () => {
    const { host } = subject()
    const first = await host.sampleCpu()
    expectShape(subject(), first)
    expect(first.interval).toBeNaN()
    for (const column of [first.usage, first.delay, first.pcpuBusy]) {
      expect(column.every(Number.isNaN)).toBe(true)
    }
  })

  it('tells usage and delay as fractions of the measured interval', async () => {
    const { host, pass, can } = subject()
    const { sample: first, took: firstTook } = await timed(host)
    await pass(1_000)
    const { sample: second, took: secondTook } = await timed(host)
    // Clock and counters are read one after the other, at any moments of a call.
    const apart = firstTook + secondTook + rounding
    expect(second.interval).toBeGreaterThanOrEqual(1_000 - apart)
    expect(Math.abs(second.time - first.time - second.interval)).toBeLessThanOrEqual(apart)
    // What cannot have run for longer than the interval is late by what reading took at most; ticks of pCPUs are coarse.
    const most = 1.05 + apart / second.interval
    for (const column of [second.usage, second.delay, second.pcpuBusy]) {
      for (const value of column) {
        expect(Number.isNaN(value) || (value >= 0 && value <= most), `${value}`).toBe(true)
      }
    }
    for (const row of vcpuRows(subject(), second)) {
      if (can.usage) expect(second.usage[row]).not.toBeNaN()
      if (can.delay) expect(second.delay[row]).not.toBeNaN()
      else expect(second.delay[row]).toBeNaN()
    }
  })

  it('keeps one array of domains while they are the same', async () => {
    const { host, pass } = subject()
    const first = await host.sampleCpu()
    await pass(200)
    const second = await host.sampleCpu()
    expect(second.domains).toBe(first.domains)
    expect(second.usage).not.toBe(first.usage)
  })

  it('knows nothing of the first interval of a vCPU that was plugged in', async ({ skip }) => {
    const { host, pass, plug, can } = subject()
    if (!plug) return skip('the subject cannot plug in a vCPU')
    const first = await host.sampleCpu()
    await plug()
    await pass(500)
    const second = await host.sampleCpu()
    expectShape(subject(), second)
    const rows = vcpuRows(subject(), second)
    expect(rows).toHaveLength(vcpuRows(subject(), first).length + 1)
    expect(second.usage[rows.at(-1)!]).toBeNaN()
    expect(second.delay[rows.at(-1)!]).toBeNaN()
    if (can.usage) expect(second.usage[rows[0]!]).not.toBeNaN()
  })

  it('takes samples that were asked for at once one after the other', async () => {
    const { host, pass } = subject()
    await host.sampleCpu()
    await pass(500)
    const together = await Promise.all([timed(host), timed(host), timed(host)])
    await pass(500)
    const all = [...together, await timed(host)].sort((a, b) => a.sample.time - b.sample.time)
    for (const [i, { sample, took }] of all.entries()) {
      expectShape(subject(), sample)
      const before = all[i - 1]
      if (!before) continue
      const apart = before.took + took + rounding
      expect(Math.abs(sample.time - before.sample.time - sample.interval)).toBeLessThanOrEqual(apart)
    }
    const last = all.at(-1)!
    expect(last.sample.interval).toBeGreaterThanOrEqual(500 - last.took - rounding)
  })
}

function expectShape(subject: Subject, sample: CpuSample): void {
  const { topology } = subject.host
  const domains = sample.domains.length
  const rows = sample.vcpu.length
  expect(sample.state).toHaveLength(domains)
  expect(sample.source).toHaveLength(domains)
  expect(sample.vcpuStart).toHaveLength(domains + 1)
  expect(sample.vcpuStart[0]).toBe(0)
  expect(sample.vcpuStart[domains]).toBe(rows)
  expect([...sample.vcpuStart]).toEqual([...sample.vcpuStart].sort((a, b) => a - b))
  for (const column of [sample.usage, sample.delay, sample.pcpu]) expect(column).toHaveLength(rows)
  expect(sample.affinityWords).toBeGreaterThanOrEqual(Math.ceil(topology.cpuCount / 32))
  expect(sample.affinity).toHaveLength(rows * sample.affinityWords)
  expect(sample.pcpuBusy.length).toBeGreaterThan(topology.pcpus.at(-1)!.id)
  for (const pcpu of sample.pcpu) expect(pcpu >= -1 && pcpu < topology.cpuCount, `pCPU ${pcpu}`).toBe(true)
  expect(vcpuRows(subject, sample).length).toBeGreaterThan(0)
  expect(sample.time).toBeLessThanOrEqual(subject.host.clock.now())
}

/** A sample, and the milliseconds that the call took. */
async function timed(host: Host): Promise<{ readonly sample: CpuSample; readonly took: number }> {
  const began = host.clock.now()
  const sample = await host.sampleCpu()
  return { sample, took: host.clock.now() - began }
}
