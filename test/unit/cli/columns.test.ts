import { describe, expect, it } from 'vitest'
import { ColumnReader } from '../../../lib/cli/recent/column-reader.ts'
import { ColumnWriter } from '../../../lib/cli/recent/column-writer.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import type { ShownTick } from '../../../lib/report/shown-tick.ts'
import { tickRecord } from '../../../lib/report/tick-json.ts'
import { GiB, KiB, MiB } from '../../../lib/util/units.ts'
import { tickOf, viewOf } from '../report/ticks.ts'
import { Onlooker } from './top/look.ts'

/** A host on which everything is there that is shown. */
function variedTick(index: number): Tick {
  const view = viewOf(4, [
    {
      name: 'web',
      vcpus: [
        { on: 1, affinity: CpuSet.of(1), usage: 0.4567, delay: 0.2, demand: 0.75 },
        { usage: undefined },
      ],
      memory: {
        target: 768 * MiB + 4 * KiB,
        need: { inUse: 300 * MiB, swapDebt: 0, burst: 0, total: 400 * MiB, growthPerSecond: 0 },
        events: { swappedOut: 1, majorFaultsPerSecond: 0, underPressure: true, oomKilled: false },
        progress: 'following',
        swappedOut: 300 * KiB,
      },
    },
    { name: 'off', state: DomainState.shutoff, memory: { hold: 'not running', actual: undefined } },
    {
      name: 'old',
      vcpus: [{ on: 3, usage: 0.9, delay: 0.04 }],
      memory: { usable: undefined, maximum: 2 * GiB },
    },
  ])
  const [web, off, old] = view.domains as [(typeof view.domains)[number], ...typeof view.domains]
  const throttled = web.vcpus.map((vcpu, at) => (at === 0 ? { ...vcpu, throttled: 0.25 } : vcpu))
  const domains = [
    { ...web, cpuShares: 2_048, vcpus: throttled },
    off!,
    { ...old!, vcpus: [{ ...old!.vcpus[0]!, vcpu: 5 }] },
  ]
  const unusable = { kind: 'pcpu-reserved' } as const
  const pcpus = view.pcpus.map((pcpu, id) => ({
    ...pcpu,
    busy: id === 2 ? undefined : id / 10,
    background: 0.25,
    ...(id === 0 ? { unusable } : {}),
  }))
  const topology = {
    ...view.topology,
    pcpus: view.topology.pcpus.map((pcpu) => (pcpu.id === 3 ? { ...pcpu, capacity: 0.5 } : pcpu)),
  }
  return tickOf(index, { ...view, topology, pcpus, domains, vcpus: domains.flatMap(({ vcpus }) => vcpus) })
}

const heard = (writer: ColumnWriter, reader: ColumnReader, tick: Tick): ShownTick => {
  const { lasting, tick: line } = writer.write(tick)
  const read = (buffer: Buffer) => reader.read(JSON.parse(buffer.toString()))
  expect(lasting.map(read)).toEqual(lasting.map(() => undefined))
  return read(line)!
}

describe('a Tick in columns', () => {
  it('is read as what is shown of it', () => {
    const tick = variedTick(3)
    const { domains, pcpus, ...rest } = heard(new ColumnWriter(), new ColumnReader(), tick)
    const whole = tickRecord(tick)
    const { plan: _, ...decisions } = JSON.parse(JSON.stringify(whole)) as typeof whole
    expect(decisions).toMatchObject({ ...rest, memory: rest.memory })
    expect(pcpus).toMatchObject(whole.pcpus.map(({ die: _, core: __, ...shown }) => shown))
    expect(domains.map(({ name, state, cpuShares, score }) => ({ name, state, cpuShares, score }))).toEqual(
      whole.domains.map(({ name, state, cpuShares, score: { together: _, ...score } }) => {
        return { name, state, cpuShares, score }
      }),
    )
    const vcpus = whole.domains.map(({ vcpus }) => vcpus.map(({ demandRange: _, ...vcpu }) => vcpu))
    expect(domains.map(({ vcpus }) => vcpus)).toEqual([
      [{ ...vcpus[0]![0], usage: 0.457 }, vcpus[0]![1]],
      [],
      vcpus[2],
    ])
    const { actual, maximum, target, usable, swappedOut, progress } = whole.domains[0]!.memory
    expect(domains[0]!.memory).toEqual({
      ...{ actual, maximum, target, usable, swappedOut, progress, need: { total: 400 * MiB } },
      events: { underPressure: true },
    })
    expect(domains[1]!.memory).toMatchObject({ hold: 'not running', progress: 'resting' })
    // What a guest without MemAvailable has left.
    expect(domains[2]!.memory.usable).toBe(whole.domains[2]!.memory.unused)
  })

  it.each([
    { columns: 80, rows: 24 },
    { columns: 300, rows: 60 },
  ])('looks in a terminal of $columns x $rows as the whole Tick does', (size) => {
    const ticks = [0, 1, 2].map(variedTick)
    const [writer, reader] = [new ColumnWriter(), new ColumnReader()]
    const screens = [ticks.map(tickRecord), ticks.map((tick) => heard(writer, reader, tick))].map((told) => {
      const onlooker = new Onlooker(told, size)
      const overview = onlooker.text
      const guests = ['Home', 'Down', 'Down'].map((key) => {
        const opened = onlooker.press(key, 'Enter').text
        onlooker.press('Esc')
        return opened
      })
      return [overview, ...guests]
    })
    expect(screens[1]).toEqual(screens[0])
    expect(screens[0]!.flat().join('\n')).toMatch(/throttled/)
  })
})
