import { describe, expect, it } from 'vitest'
import { pcpuUnits } from '../../../../lib/cli/top/model/pcpus.ts'
import { pcpuMap } from '../../../../lib/cli/top/views/map.ts'
import { displayWidth } from '../../../../lib/util/display-width.ts'
import { ascii, textOf, unicode } from './look.ts'
import { guestOf, pcpusOf, type Shape, tickOf } from './ticks.ts'

function mapOf(shape: Shape, columns: number, rows: number, glyphs = unicode) {
  const tick = tickOf(0, { pcpus: pcpusOf(shape), domains: [] })
  return textOf(pcpuMap(tick, pcpuUnits(tick), { columns, rows, glyphs }))
}

const large: Shape = { sockets: 4, cellsEach: 4, cachesEach: 4, coresEach: 4, threadsEach: 2 }

describe('the map of pCPUs', () => {
  it('has a bar for each of a few', () => {
    const [first, second] = mapOf({ coresEach: 2 }, 40, 6)
    expect(first).toMatch(/^ +0 ·+ +0 %$/)
    expect(second).toMatch(/^ +1 █+·+ +10 %$/)
  })

  it('has a sign for each of many, by socket, cell and cache', () => {
    const lines = mapOf({ sockets: 2, cellsEach: 2, cachesEach: 2, coresEach: 8 }, 80, 6)
    expect(lines[0]).toContain('each sign a pCPU')
    expect(lines.slice(1)).toEqual([
      'socket 0  0: ▁▂▂▃▄▅▅▆ ▇▇▁▂▂▃▄▅  1: ▅▆▇▇▁▂▂▃ ▄▅▅▆▇▇▁▂',
      'socket 1  2: ▂▃▄▅▅▆▇▇ ▁▂▂▃▄▅▅▆  3: ▇▇▁▂▂▃▄▅ ▅▆▇▇▁▂▂▃',
    ])
  })

  it.each([
    [80, 24 * 0.3, 'last-level cache'],
    [110, 8, 'core'],
    [200, 10, 'pCPU'],
    [60, 3, 'NUMA cell'],
  ])('shows 512 of them in %i columns and %i lines, one sign a %s or finer', (columns, rows, grain) => {
    const lines = mapOf(large, columns, Math.floor(rows))
    expect(lines.length).toBeLessThanOrEqual(rows)
    expect(lines[0]).toContain(`each sign a ${grain}`)
    for (const line of lines.slice(1)) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
  })

  it.each([1, 2, 3, 7, 24, 64, 128, 512])('fits its place with %i pCPUs in any size', (count) => {
    const pcpus = pcpusOf({ cachesEach: Math.ceil(count / 8), coresEach: 8 }).slice(0, count)
    const tick = tickOf(0, { pcpus })
    for (const columns of [10, 40, 80, 132, 300]) {
      for (const rows of [1, 2, 6, 30]) {
        const lines = pcpuMap(tick, pcpuUnits(tick), { columns, rows, glyphs: ascii })
        expect(lines.length).toBeLessThanOrEqual(rows)
      }
    }
  })

  it('crosses out those that no guest is placed on', () => {
    const pcpus = pcpusOf({ coresEach: 2 }).map((pcpu) => ({
      ...pcpu,
      ...(pcpu.id === 0 && { unusable: { kind: 'pcpu-reserved', text: 'reserved' } as never }),
    }))
    const tick = tickOf(0, { pcpus })
    const [first] = textOf(pcpuMap(tick, pcpuUnits(tick), { columns: 40, rows: 6, glyphs: unicode }))
    expect(first).toContain('××')
  })

  it('stands out where more is wanted than there is', () => {
    const vcpus = [0, 1, 2].map((vcpu) => ({ vcpu, pcpu: 1, allowed: '0-1', usage: 0.3, demand: 0.5 }))
    const tick = tickOf(0, { domains: [guestOf('web1', { vcpus })] })
    const styles = pcpuMap(tick, pcpuUnits(tick), { columns: 40, rows: 6, glyphs: unicode }).map((spans) =>
      spans.map(({ style }) => style),
    )
    expect(styles[0]).not.toContain('worst')
    expect(styles[1]).toContain('worst')
  })
})
