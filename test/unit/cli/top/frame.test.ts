import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyTable } from '../../../../lib/cli/top/views/help.ts'
import { displayWidth } from '../../../../lib/util/display-width.ts'
import { printable } from '../../../../lib/util/printable.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { runs } from '../../../support/runs.ts'
import { ascii, Onlooker } from './look.ts'
import { guestOf, pcpusOf, pinOf, tickOf } from './ticks.ts'

const scored = (name: string, cpu: number, usage: number, index = 0) => {
  const [vcpu] = guestOf(name).vcpus
  return guestOf(name, { score: { cpu }, vcpus: [{ ...vcpu!, usage, demand: usage }] }, index)
}
const three = [scored('alpha', 95, 0.1), scored('beta', 40, 0.2), scored('gamma', 70, 0.9)]
/** The names in the table, from the top. */
const namesIn = (look: Onlooker) =>
  look.text.flatMap((line) => /^(alpha|beta|gamma|guest\d+) /.exec(line)?.[1] ?? [])

describe('the overview', () => {
  it('says how the host is, and has the guests with the lowest scores first', () => {
    const look = new Onlooker([tickOf(0, { domains: three })])
    expect(look.text[0]).toMatch(/^qemu:\/\/\/system +tick 0 {2}12:00:00 {2}live$/)
    expect(look.text[1]).toContain('3 guests on 2 pCPUs')
    expect(look.text[1]).toContain('lowest score 40, 2 below 90')
    expect(namesIn(look)).toEqual(['beta', 'gamma', 'alpha'])
  })

  it('says how busy the host is with what is no guest', () => {
    const pcpus = pcpusOf({}).map((pcpu) => ({ ...pcpu, background: 0.6 }))
    expect(new Onlooker([tickOf(0, { pcpus })]).text[1]).toContain('% busy, 60 % with what is no guest')
    expect(new Onlooker([tickOf(0)]).text[1]).not.toContain('no guest')
  })

  it.each([
    ['U', ['gamma', 'beta', 'alpha']],
    ['N', ['alpha', 'beta', 'gamma']],
    ['S', ['alpha', 'gamma', 'beta']], // once more: the other way round
    ['s', ['gamma', 'beta', 'alpha']],
    ['r', ['alpha', 'gamma', 'beta']],
  ])('sorts by %s', (key, names) => {
    expect(namesIn(new Onlooker([tickOf(0, { domains: three })]).press(key))).toEqual(names)
  })

  it.each([
    ['S', {}, {}],
    ['U', { usage: 0.231, demand: 0.5 }, { usage: 0.229, demand: 0.6 }],
    ['D', { delay: 0.052 }, { delay: 0.048 }],
  ])('has guests of which the same is shown by name: %s', (key, a, b) => {
    const [vcpu] = guestOf('alpha').vcpus
    const pair = (one: object, other: object) => [
      guestOf('beta', { vcpus: [{ ...vcpu!, ...one }] }),
      guestOf('alpha', { vcpus: [{ ...vcpu!, ...other }] }),
    ]
    for (const domains of [pair(a, b), pair(b, a)]) {
      const look = new Onlooker([tickOf(0, { domains })], { sort: 'name' }).press(key)
      expect(namesIn(look)).toEqual(['alpha', 'beta'])
    }
  })

  it('has guests whose balloons look the same by name', () => {
    const domains = ['beta', 'alpha'].map((name, index) =>
      guestOf(name, { memory: { ...guestOf(name).memory, actual: 20 * GiB - index * MiB } }),
    )
    expect(namesIn(new Onlooker([tickOf(0, { domains })]).press('M'))).toEqual(['alpha', 'beta'])
  })

  it('says that no guest has what was filtered for, and that there are none', () => {
    const look = new Onlooker([tickOf(0, { domains: three })]).press('/', 'x', 'y', 'Enter')
    expect(look.text).toContain('no guest matches "xy"'.padEnd(80))
    expect(new Onlooker([tickOf(0, { domains: [] })]).text).toContain('no guests'.padEnd(80))
  })

  it.each(['?', 'h', 'Esc'])('comes back from the help by %s', (key) => {
    const look = new Onlooker([tickOf(0, { domains: three })]).press('d', '?')
    expect(look.state.pages).toEqual(['overview', 'decisions', 'help'])
    expect(look.press(key).state.pages).toEqual(['overview', 'decisions'])
  })

  it('shows what was filtered for while it is typed, and all again after Esc', () => {
    const look = new Onlooker([tickOf(0, { domains: three })]).press('/', 'A', 'l', 'p')
    expect(namesIn(look)).toEqual(['alpha'])
    expect(look.text.at(-1)).toContain('guests with: Alp_')
    look.press('Backspace', 'Backspace', 'Backspace', 'm', 'm', 'Enter')
    expect(namesIn(look)).toEqual(['gamma'])
    expect(look.text.at(-1)).toContain('only guests with "mm"')
    expect(namesIn(look.press('Esc'))).toHaveLength(3)
  })

  it('keeps the selected guest selected, wherever it comes to be', () => {
    const look = new Onlooker([tickOf(0, { domains: three })]).press('Down')
    expect(look.state.guest).toBe('uuid-gamma-0')
    look.model.take(tickOf(1, { domains: [scored('gamma', 10, 0.9), ...three.slice(0, 2)] }))
    look.press('Enter')
    expect(look.text[2]).toMatch(/^gamma +running/)
  })

  it('scrolls through a thousand guests, and holds at both ends', () => {
    const domains = Array.from({ length: 1_000 }, (_, index) => scored(`guest${index}`, 50, 0.1, index))
    const look = new Onlooker([tickOf(0, { domains })]).press('N', 'End')
    expect(namesIn(look).at(-1)).toBe('guest999')
    expect(namesIn(look.press('Down'))).toContain('guest999')
    expect(namesIn(look.press('Home'))[0]).toBe('guest0')
    expect(namesIn(look.press('Up'))[0]).toBe('guest0')
  })
})

describe('a guest', () => {
  it('has its vCPUs, its memory, and what was done and why', () => {
    const ticks = [tickOf(0), tickOf(1, { outcomes: [pinOf('web1', '1')] }), tickOf(2)]
    const text = new Onlooker(ticks, { columns: 120, rows: 60 }).press('Enter').text.join('\n')
    expect(text).toMatch(/ 0 +0 +25 % +30 % +5 % +- {2}0-1 +0-1 /)
    expect(text).toMatch(/^usage +25 % +▃▃▃$/m)
    expect(text).toMatch(/^delay +5 % +▁▁▁$/m)
    expect(text).toMatch(/^balloon +1024 MiB +███$/m)
    expect(text).toMatch(/in use +768 MiB/)
    expect(text).toContain('vCPU 0 pinned to pCPU 1, in 0.4 ms')
    expect(text).toContain('wants 40 %, from pCPU 0 to pCPU 1')
  })

  it('that has gone is said to have', () => {
    const look = new Onlooker([tickOf(0)]).press('Enter')
    look.model.take(tickOf(1, { domains: [] }))
    expect(look.text.join('\n')).toContain('This guest is not on the host at this moment')
  })

  it('can be scrolled to its end', () => {
    const domains = [
      guestOf('web1', {
        vcpus: Array.from({ length: 60 }, (_, vcpu) => ({ vcpu, allowed: '0-1', usage: 0.1 })),
      }),
    ]
    const look = new Onlooker([tickOf(0, { domains })]).press('Enter', 'End')
    expect(look.text.join('\n')).toContain('no change of it is known')
    expect(look.press('Home').text[2]).toContain('web1')
  })
})

describe('the decisions', () => {
  const ticks = [tickOf(0, { outcomes: [pinOf('web1', '1')] }), tickOf(30, { outcomes: [pinOf('db1', '0')] })]

  it('have a time line, the newest first', () => {
    const text = new Onlooker(ticks).press('d').text
    expect(text[2]).toMatch(/^vCPUs +█─+█$/)
    const list = text.filter((line) => line.includes('pinned to'))
    expect(list[0]).toContain('db1: vCPU 0 pinned to pCPU 0')
    expect(list[1]).toContain('web1: vCPU 0 pinned to pCPU 1')
  })

  it('are told in full, those of the filter alone', () => {
    const text = new Onlooker(ticks).press('/', 'w', 'e', 'b', 'Enter', 'd', 'Enter').text.join('\n')
    expect(text).toContain('web1, 2026-11-29 12:00:00 (tick 0)')
    expect(text).toContain('reason')
  })
})

describe('the screen', () => {
  const hostile = [
    'x'.repeat(4_000),
    '\x1b[2J\x1b]0;title\x07\r\nroot# ',
    '\u202egnp.exe\u2066',
    '<b onclick=alert(1)>&amp;',
    '数据库'.repeat(40),
    'e\u0301'.repeat(100),
    '👩‍👩‍👧'.repeat(30),
  ]
  const ticks = (names: readonly string[]) => {
    const domains = names.map((name, index) => guestOf(name, {}, index))
    return [tickOf(0, { domains, outcomes: names.map((name, index) => pinOf(name, '1', index)) })]
  }

  it.each([
    [80, 24],
    [300, 100],
    [20, 5],
    [1, 1],
  ])('holds its lines in %i x %i on every page, whatever guests are called', (columns, rows) => {
    for (const keys of [[], ['Enter'], ['d'], ['d', 'Enter'], ['?']]) {
      const look = new Onlooker(ticks(hostile), { columns, rows }).press(...keys)
      const { lines } = look.frame()
      expect(lines.length).toBeLessThanOrEqual(rows)
      for (const line of look.text) expect(printable(line)).toBe(line)
    }
  })

  it('keeps its columns with any names', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 80 }), { maxLength: 8 }), (names) => {
        const look = new Onlooker(ticks([...hostile, ...names]), { columns: 100, rows: 30 })
        const rows = look.text.filter((line) => line.includes('90/100'))
        const at = rows.map((line) => displayWidth(line.slice(0, line.indexOf('90/100'))))
        expect(new Set(at).size).toBe(1)
      }),
      { numRuns: runs(40) },
    )
  })

  it('is drawn with ASCII alone where there is nothing else', () => {
    const look = new Onlooker(ticks(['web1']), { glyphs: ascii })
    for (const keys of [[], ['Enter'], ['d'], ['?']]) {
      expect(look.press(...keys).text.join('')).toMatch(/^[\x20-\x7e]*$/)
    }
  })

  it('says what it waits for before the first tick', () => {
    expect(new Onlooker([]).text.join('\n')).toContain('waiting for the first tick')
  })

  it('has every key on its help page, which fits 80 columns and 24 rows', () => {
    const look = new Onlooker([tickOf(0, { pcpus: pcpusOf({}) })]).press('?')
    const text = [...look.text, ...look.press('End').text].join('\n')
    for (const { keys } of keyTable) expect(text).toContain(keys)
  })
})

describe('keys', () => {
  it.each([
    ['q', { kind: 'quit' }],
    ['Ctrl-C', { kind: 'quit' }],
    ['Ctrl-Z', { kind: 'suspend' }],
    ['Ctrl-L', { kind: 'redraw' }],
    [' ', { kind: 'pause' }],
    ['Left', { kind: 'step', ticks: -1 }],
    [']', { kind: 'skip', by: 60_000 }],
    ['>', { kind: 'jump', to: 'end' }],
    ['+', { kind: 'speed', factor: 2 }],
  ])('%j is a command', (key, command) => {
    expect(new Onlooker([tickOf(0)]).press(key).commands).toEqual([command])
  })

  it('type a time', () => {
    const look = new Onlooker([tickOf(0)]).press('g', '1', '4', ':', '3', '0')
    expect(look.text.at(-1)).toContain('go to time: 14:30_')
    expect(look.press('Enter').commands).toEqual([{ kind: 'time', text: '14:30' }])
  })

  it('quit while something is typed only with Ctrl', () => {
    const look = new Onlooker([tickOf(0)]).press('/', 'q')
    expect(look.commands).toEqual([])
    expect(look.press('Ctrl-C').commands).toEqual([{ kind: 'quit' }])
  })
})
