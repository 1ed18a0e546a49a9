import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { GiB, KiB, MiB, simulate } from '../../../lib/index.ts'
import { azure } from '../../../lib/whatif/import/azure.ts'
import { piecesOf } from '../../../lib/whatif/import/between.ts'
import { bitbrains } from '../../../lib/whatif/import/bitbrains.ts'
import { columns } from '../../../lib/whatif/import/columns.ts'
import { type ImportOptions, scenarioOfTrace } from '../../../lib/whatif/import/scenario.ts'
import type { Reading, Trace } from '../../../lib/whatif/import/trace.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-import-'))
afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, ...lines: string[]): string {
  const path = join(directory, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

async function all(trace: Trace): Promise<Reading[]> {
  const readings: Reading[] = []
  for await (const reading of trace) readings.push(reading)
  return readings
}

const head =
  'Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];\t' +
  'Memory capacity provisioned [KB];\tMemory usage [KB];\tDisk read throughput [KB/s];\tDisk write throughput [KB/s];\t' +
  'Network received throughput [KB/s];\tNetwork transmitted throughput [KB/s]'
const row = (time: number, percent: number, used: number) =>
  `${time};\t4;\t11703.998;\t${117.04 * percent};\t${percent};\t6.7108864E7;\t${used};\t0.13;\t7.6;\t0.0;\t1.4`

const options: ImportOptions = {
  seed: 1,
  interval: 2_000,
  vcpus: 2,
  size: 4 * GiB,
  guests: 100,
  seconds: Number.POSITIVE_INFINITY,
}

describe('a trace of Bitbrains', () => {
  it('takes files of one name for one guest, unless they are of the same time', async () => {
    mkdirSync(join(directory, 'august'), { recursive: true })
    const july = file('3.csv', head, row(1376314846, 10, 1e6), row(1376315146, 20, 1e6))
    const august = file('august/3.csv', head, row(1376315446, 30, 1e6))
    const guests = (await all(bitbrains([july, august]))).map(({ guest }) => guest)
    expect(guests).toEqual(['vm3', 'vm3', 'vm3'])
    await expect(all(bitbrains([july, july]))).rejects.toMatchObject({
      code: 'ERR_SCENARIO',
      message:
        `${july}:2:1: ${july} has a guest of this name at this time, too: ` +
        'give each guest once, under a name of its own',
    })
  })

  it('says of a directory that it cannot be read', async () => {
    await expect(all(bitbrains([directory]))).rejects.toMatchObject({
      code: 'ERR_SCENARIO',
      message: expect.stringMatching(/^Cannot read .*: EISDIR/),
    })
  })

  it('has a guest in each file, with what it used of CPU and memory', async () => {
    const path = file('17.csv', head, row(1376314846, 93.25, 6129274.4), row(1376315146, 10, 6.71e6))
    expect(await all(bitbrains([path]))).toEqual([
      {
        guest: 'vm17',
        time: 1376314846,
        cpu: 0.9325,
        memory: KiB * 6129274.4,
        vcpus: 4,
        size: 64 * GiB,
      },
      expect.objectContaining({ time: 1376315146, cpu: 0.1 }),
    ])
  })

  it.each([
    [
      'a word for a number',
      `1376314846;\t4;\t1;\t1;\tmuch;\t1;\t1;\t1;\t1;\t1;\t1`,
      ':2:22: CPU usage [%] must be a number',
    ],
    ['a line that ends early', '1376314846;\t4;\t1', ':2:16: a line has 11 columns, and this one 3'],
  ])('names line and column of %s', async (_, line, message) => {
    const path = file('bad.csv', head, line)
    await expect(all(bitbrains([path]))).rejects.toMatchObject({
      code: 'ERR_SCENARIO',
      message: expect.stringContaining(`${path}${message}`),
    })
  })
})

describe('a trace of Azure', () => {
  const hash = '+ZcrOp5/c/fJ6mVgP5qMZlOAGDwyjaaDNM0WoWOt2IDb47gT0UwK9lFwkPQv3C7Q'
  const readings = () =>
    file('vm_cpu_readings-file-1-of-195.csv', `0,${hash},3.2,8.7,5.1`, `300,${hash},1,90,10`)

  it('has least, most and average, and sizes from the table of guests, whose largest are buckets', async () => {
    const vms = file('vmtable.csv', `${hash},s,d,0,2591700,99.37,3.42,10.19,Interactive,>24,>64`)
    expect(await all(azure([readings()], vms))).toEqual([
      { guest: 'vm1', time: 0, cpu: 0.051, cpuLeast: 0.032, cpuMost: 0.087, vcpus: 24, size: 64 * GiB },
      expect.objectContaining({ time: 300, cpu: 0.1 }),
    ])
  })

  it('is read without that table', async () => {
    const [first] = await all(azure([readings()], undefined))
    expect(first).not.toHaveProperty('size')
  })

  it('names line and column of what is wrong in either file', async () => {
    const vms = file('vmtable.csv', `${hash},s,d,0,1,1,1,1,Unknown,many,4`)
    await expect(all(azure([readings()], vms))).rejects.toThrow(
      `${vms}:1:88: core count must be a number above 0`,
    )
    const bad = file('bad.csv', `0,${hash},3.2,8.7,`)
    await expect(all(azure([bad], undefined))).rejects.toThrow(`${bad}:1:76: average CPU is missing`)
  })
})

describe('plain columns', () => {
  it('may be in any order, with only what is known', async () => {
    const path = file('mine.csv', 'guest, cpu, time, memory, note', 'web, 50, 0, 512, x', 'db, 5, 0, 100, y')
    expect(await all(columns([path]))).toEqual([
      { guest: 'web', time: 0, cpu: 0.5, memory: 512 * MiB, vcpus: undefined, size: undefined },
      { guest: 'db', time: 0, cpu: 0.05, memory: 100 * MiB, vcpus: undefined, size: undefined },
    ])
  })

  it.each([
    [['time,guest'], ':1:1: the first line must name the columns time, guest, cpu; cpu is missing'],
    [['time,guest,cpu,cpu'], ':1:16: the column cpu is there twice'],
    [['time,guest,cpu', '0,web,-1'], ':2:7: cpu must be a number from 0 on; got "-1"'],
    [['time,guest,cpu', '0,,1'], ':2:3: guest is missing'],
    [['time,guest,cpu,vcpus', '0,a,1,1.5'], ':2:7: vcpus must be a whole number'],
  ])('of %j are refused with line and column', async (lines, message) => {
    const path = file('bad.csv', ...lines)
    await expect(all(columns([path]))).rejects.toThrow(`${path}${message}`)
  })
})

describe('what is made up between two readings', () => {
  const reading = { guest: 'a', time: 300, cpu: 0.2 }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

  it('has the mean of the trace, and is the same each time', () => {
    const pieces = piecesOf(reading, 10, 1)
    expect(mean(pieces)).toBeCloseTo(0.2, 12)
    expect(piecesOf(reading, 10, 1)).toEqual(pieces)
    expect(piecesOf({ ...reading, time: 600 }, 10, 1)).not.toEqual(pieces)
    for (const piece of pieces) expect(Math.abs(piece - 0.2)).toBeLessThan(0.2)
  })

  it('is never above all that there is', () => {
    const pieces = piecesOf({ ...reading, cpu: 0.95 }, 10, 1)
    expect(Math.max(...pieces)).toBeLessThanOrEqual(1)
    expect(mean(pieces)).toBeCloseTo(0.95, 12)
    expect(piecesOf({ ...reading, cpu: 1.2 }, 3, 1)).toEqual([1, 1, 1])
    expect(piecesOf({ ...reading, cpu: 0 }, 3, 1)).toEqual([0, 0, 0])
  })

  it('is at the ends where the trace says them', () => {
    const pieces = piecesOf({ ...reading, cpuLeast: 0.1, cpuMost: 0.9 }, 10, 1).sort((a, b) => a - b)
    expect(mean(pieces)).toBeCloseTo(0.2, 12)
    expect(pieces.slice(0, 8)).toEqual(new Array(8).fill(0.1))
    expect(pieces.at(-1)).toBeCloseTo(0.9, 12)
  })
})

describe('the scenario of a trace', () => {
  const lines = ['time,guest,vcpus,cpu,memory,size']
  for (const time of [0, 300, 600]) {
    lines.push(`${time},steady,2,40,512,1024`)
    if (time >= 300) lines.push(`${time},late,1,80,,2048`)
    if (time < 600) lines.push(`${time},gone,1,5,,`)
  }

  it('has guests that come and go, and a host that carries them', async () => {
    const load = await scenarioOfTrace(columns([file('trace.csv', ...lines)]), options)
    const { domains, changes = [], pcpus, memory } = load.scenario
    expect(domains.map(({ name, running = true, vcpus }) => [name, running, vcpus?.length])).toEqual([
      ['steady', true, 2],
      ['gone', true, 1],
      ['late', false, 1],
    ])
    const comings = changes.flatMap((one) =>
      'domain' in one && /arrive|leave/.test(one.kind) ? [[one.at, one.domain, one.kind]] : [],
    )
    expect(comings).toEqual([
      [602_000, 'gone', 'leave'],
      [302_000, 'late', 'arrive'],
    ])
    expect(pcpus).toBe(3)
    expect(memory).toBeGreaterThan(7 * GiB)
    expect(load).toMatchObject({
      lead: 2_000,
      ticks: 450,
      notes: [expect.any(String), expect.stringContaining('2 of 3')],
    })
  })

  it('is a sound one, in which guests use on average what the trace says', async () => {
    const { scenario, lead } = await scenarioOfTrace(columns([file('trace.csv', ...lines)]), options)
    const host = simulate(scenario)
    await host.clock.sleepUntil(lead)
    await host.sampleCpu()
    await host.clock.sleepUntil(lead + 300_000)
    const { usage } = await host.sampleCpu()
    expect(usage[0]).toBeCloseTo(0.4, 1)
    expect(usage[2]).toBeCloseTo(0.05, 1)
  })

  it('takes no more guests and no more time than it is told', async () => {
    const trace = columns([file('trace.csv', ...lines)])
    const { scenario, ticks } = await scenarioOfTrace(trace, { ...options, guests: 1, seconds: 300 })
    expect(scenario.domains.map(({ name }) => name)).toEqual(['steady'])
    expect(ticks).toBe(150)
  })

  it('is none without readings', async () => {
    await expect(scenarioOfTrace(columns([file('empty.csv', lines[0]!)]), options)).rejects.toMatchObject({
      code: 'ERR_SCENARIO',
    })
    await expect(scenarioOfTrace(columns(['/nowhere.csv']), options)).rejects.toMatchObject({
      code: 'ERR_SCENARIO',
      message: expect.stringContaining('Cannot read /nowhere.csv'),
    })
  })
})
