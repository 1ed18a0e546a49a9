import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { table } from '../../../lib/report/table.ts'
import { displayWidth } from '../../../lib/util/display-width.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { pinnedGuests, tickOf, viewOf } from './ticks.ts'

describe('the table', () => {
  const view = viewOf(2, [
    {
      name: 'web',
      vcpus: [{ on: 0, affinity: CpuSet.of(0), usage: 0.6, delay: 0.4, demand: 1 }],
      memory: { actual: 512 * MiB, unused: 150 * MiB },
    },
    { name: 'db', vcpus: [{ on: 1, usage: 0.25 }], memory: { hold: 'stuck', unused: undefined } },
  ])

  it('has a line per pCPU and per guest with the figures of the View', () => {
    const lines = table(tickOf(3, view))
    expect(lines).toHaveLength(1 + 1 + 2 + 1 + 2)
    expect(lines[0]).toMatch(
      /^tick 3 .* 2 guests on 2 pCPUs .* deviation 37\.5 % .* 2048 MiB of 7168 MiB {3}lo…$/,
    )
    expect(lines[2]).toBe(`   0  ${'█'.repeat(18)}${'▒'.repeat(12)}    60 %  100 %   50 %  web`)
    expect(lines[3]).toMatch(/^ {3}1 {2}█{8}·{22} +25 % +25 % +50 % {2}db$/)
    expect(lines[5]).toMatch(/^web +1 {2}0 +60 % +40 % +100 % +60\/- +512\/2048 MiB +150 MiB {2}█▒·{6}$/)
    expect(lines[6]).toMatch(/^db +1 {2}1 +25 % +0 % +25 % +100\/- +512\/2048 MiB +- {2}▒{2}·{6} {2}stuck$/)
  })

  it('does not alarm about a host that is idle but for a trifle on one pCPU', () => {
    const idle = viewOf(16, [{ name: 'test', vcpus: [{ on: 15, usage: 0.004, demand: 0.004 }] }])
    expect(table(tickOf(1, idle), { columns: 200 })[0]).toContain('deviation 0.1 %')
  })

  it('says for how long quotas held a guest back', () => {
    const held = viewOf(1, [{ name: 'web', vcpus: [{ on: 0, usage: 0.25 }] }])
    const [web] = held.domains
    const vcpus = web!.vcpus.map((vcpu) => ({ ...vcpu, throttled: 0.746 }))
    const lines = table(tickOf(3, { ...held, domains: [{ ...web!, vcpus }] }), { columns: 200 })
    expect(lines[4]).toMatch(/ {2}throttled 75 %$/)
  })

  it('says what of a guest is plugged by virtio-mem', () => {
    const virtioMem = { size: GiB, requested: 512 * MiB, current: 256 * MiB }
    const [web] = viewOf(1, [{ name: 'web', vcpus: [] }]).domains
    const domains = [{ ...web!, memory: { ...web!.memory, virtioMem } }]
    const lines = table(tickOf(3, { ...viewOf(1, []), domains }), { columns: 200 })
    expect(lines[4]).toMatch(/256 MiB by virtio-mem$/)
  })

  it('says when a tick could not wait for its beat', () => {
    expect(table(tickOf(3, view, { cause: 'emergency' }))[0]).toMatch(/^tick 3 \(emergency\) /)
  })

  it('shows all bars on one scale when a pCPU is wanted more than once', () => {
    const lines = table(tickOf(0, viewOf(2, pinnedGuests([0, 0, 0, 0, 1], 0.5))))
    expect(lines[2]).toContain(` ${'█'.repeat(30)} `)
    expect(lines[3]).toContain(` ${'█'.repeat(8)}${'·'.repeat(22)} `)
  })

  it('says - for what is not known', () => {
    const lines = table(tickOf(0, viewOf(1, [{ name: 'a', vcpus: [{ on: 0 }] }])))
    expect(lines[0]).not.toContain('deviation')
    expect(lines[2]).toMatch(/·{30} +- +- +50 % {2}a$/)
    expect(lines[4]).toMatch(/^a +1 {2}0 +- +0 % +- /)
  })

  it('keeps to the width and number of guests that it is given', () => {
    const guests = Array.from({ length: 40 }, (_, i) => ({
      name: `guest-${i}`,
      vcpus: [{ on: 0, usage: i === 33 ? 0.9 : 0.01 }],
    }))
    const lines = table(tickOf(0, viewOf(1, guests)), { columns: 80, guests: 5 })
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
    expect(lines).toHaveLength(1 + 1 + 1 + 1 + 5 + 1)
    expect(lines.some((line) => line.startsWith('guest-33 '))).toBe(true)
    expect(lines.at(-1)).toBe('and 35 more guests')
  })

  it('has a line per cell where that is asked for, with the means and the pCPU that is wanted most', () => {
    const flat = viewOf(4, pinnedGuests([0, 0, 1, 3], 0.5))
    const pcpus = flat.topology.pcpus.map((pcpu) => ({ ...pcpu, cell: pcpu.id < 2 ? 0 : 1 }))
    const lines = table(tickOf(0, { ...flat, topology: { ...flat.topology, pcpus } }), { cells: true })
    expect(lines).toHaveLength(1 + 1 + 2 + 1 + 4)
    expect(lines[1]).toMatch(/^cell {2}load .* pCPUs$/)
    expect(lines[2]).toMatch(/^ {3}0 {2}█+·+ +75 % +75 % +50 % {2}2, highest demand: 100 % on 0$/)
    expect(lines[3]).toMatch(/^ {3}1 {2}█+·+ +25 % +25 % +50 % {2}2, highest demand: 50 % on 3$/)
  })

  it('names no pCPU of a cell on which nothing is wanted', () => {
    const lines = table(tickOf(0, viewOf(2, pinnedGuests([0], 0))), { cells: true })
    expect(lines[2]).toMatch(/^ {3}0 {2}·{30} +0 % +0 % +50 % {2}2$/)
  })

  it('says - for the load of a cell that is not known', () => {
    const lines = table(tickOf(0, viewOf(1, [{ name: 'a', vcpus: [{ on: 0 }] }])), { cells: true })
    expect(lines[2]).toMatch(/^ {3}0 {2}·{30} +- +- +50 % {2}1$/)
  })

  it('keeps the guest that suffers rather than the one that wants most', () => {
    const guests = [
      { name: 'large', vcpus: [{ on: 0, usage: 1 }] },
      { name: 'waits', vcpus: [{ on: 1, usage: 0.1, delay: 0.4, demand: 0.5 }] },
    ]
    const lines = table(tickOf(0, viewOf(2, guests)), { guests: 1 })
    expect(lines.at(-2)).toMatch(/^waits /)
  })

  it('keeps its columns with long names and guests on many pCPUs', () => {
    const wide = Array.from({ length: 20 }, (_, on) => ({ on, usage: 0.5 }))
    const names = [
      'a',
      'n'.repeat(4000),
      `${'b'.repeat(22)}\u{1f600}\u{1f600}`,
      '数据库'.repeat(9),
      'e\u0301'.repeat(40),
    ]
    const lines = table(
      tickOf(
        0,
        viewOf(
          20,
          names.map((name) => ({ name, vcpus: wide })),
        ),
      ),
      { cells: true },
    )
    const rows = lines.slice(-names.length)
    const columns = rows.map((row) => displayWidth(row.slice(0, row.indexOf(' MiB'))))
    expect(new Set(columns)).toHaveProperty('size', 1)
    for (const row of rows) expect(row).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/)
  })

  it('colours only when asked to', () => {
    const sequence = '\x1b['
    expect(table(tickOf(0, view)).join('')).not.toContain(sequence)
    expect(table(tickOf(0, view), { colour: true }).join('')).toContain(sequence)
  })
})
