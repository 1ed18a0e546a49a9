import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classicCpuLines, classicMemoryLines } from '../../../examples/classic-lines.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { setMemory } from '../../../lib/policy/plan.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { table } from '../../../lib/report/table.ts'
import { tickJson } from '../../../lib/report/tick-json.ts'
import { printable } from '../../../lib/util/printable.ts'
import { tickOf, viewOf } from '../report/ticks.ts'

/** Erases the screen, rings, forges a line, turns the writing direction, opens a C1 sequence. */
const hostile = 'vm\x1b[2J\x07\r\n\u202e\u009b31m\u2028\ud800x'
/** What no line for a terminal may hold. */
const obeyed = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe('printable', () => {
  it('shows controls as escapes and leaves other writing alone', () => {
    expect(printable('a\x1b[31mb')).toBe('a\\x1b[31mb')
    expect(printable('a\u202eb')).toBe('a\\u202eb')
    expect(printable('Gäste-サーバ 1')).toBe('Gäste-サーバ 1')
  })

  it('lets nothing through that a terminal obeys, whatever comes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !obeyed.test(printable(text))))
  })
})

describe('a hostile guest name', () => {
  const view = viewOf(1, [{ name: hostile, vcpus: [{ on: 0, usage: 0.5 }] }])
  const action = setMemory(view.domains[0]!, 1024, hostile)
  const cause = { kind: 'unknown-vcpu', domain: hostile, vcpu: 1 } as const
  const reason = { kind: 'metadata-invalid', problem: hostile } as const
  const tick = tickOf(0, view, {
    summary: hostile,
    plan: [action],
    clamps: [{ rule: 'invalid', result: 'denied', action, instead: undefined, cause }],
    skipped: [{ uuid: 'u', domain: hostile, what: 'memory', rule: 'unmanaged', reason }],
    outcomes: [
      { action, status: 'failed', error: new BallastError('ERR_LIBVIRT', hostile), duration: 1 },
      { action, status: 'applied', error: undefined, duration: 1 },
    ],
    errors: [new BallastError('ERR_POLICY', hostile)],
  })

  it.each([
    ['classic CPU lines', () => classicCpuLines(view)],
    ['classic memory lines', () => classicMemoryLines(view)],
    ['the table', () => table(tick)],
    ['the narrator', () => new LogFormatter().lines(tick)],
    ['a JSON line', () => [tickJson(tick)]],
  ])('does nothing to the terminal through %s', (_, lines) => {
    const text = lines()
    expect(text.join('')).toContain('vm')
    for (const line of text) expect(line).not.toMatch(obeyed)
  })

  it('is still itself in JSON', () => {
    expect(JSON.parse(tickJson(tick)).domains[0].name).toBe(hostile)
  })
})
