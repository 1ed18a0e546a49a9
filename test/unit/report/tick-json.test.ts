import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import { tickJson, tickRecord } from '../../../lib/report/tick-json.ts'
import { MiB } from '../../../lib/util/units.ts'
import { tickOf, viewOf } from './ticks.ts'

const view = viewOf(4, [
  { name: 'a', vcpus: [{ on: 1, affinity: CpuSet.of(0, 1), usage: 0.5, delay: 0.1, demand: 0.55 }] },
  { name: 'b', state: DomainState.paused, vcpus: [{}], memory: { unused: undefined, hold: 'not running' } },
])
const move = pin(view.vcpus[0]!, CpuSet.of(3), 'pCPU 3 is idle')
const grow = setMemory(view.domains[0]!, 640 * MiB, '90 MiB unused')
const notRunning = { kind: 'not-running' } as const
const tick = tickOf(7, view, {
  plan: [move, grow],
  clamps: [
    {
      rule: 'host-reserve',
      result: 'changed',
      action: grow,
      instead: { ...grow, bytes: 600 * MiB },
      cause: { kind: 'no-headroom', headroom: 88 * MiB },
    },
    {
      rule: 'no-change',
      result: 'denied',
      action: move,
      instead: undefined,
      cause: { kind: 'pinned-already', affinity: CpuSet.range(0, 1) },
    },
  ],
  skipped: [
    { uuid: view.domains[1]!.uuid, domain: 'b', what: 'memory', rule: 'unmanaged', reason: notRunning },
  ],
  outcomes: [
    { action: move, status: 'failed', error: new BallastError('ERR_NO_DOMAIN', 'gone'), duration: 2.5 },
    { action: { ...grow, bytes: 600 * MiB }, status: 'dry-run', error: undefined, duration: 0 },
  ],
  errors: [new BallastError('ERR_POLICY', 'it threw')],
})

describe('a Tick in JSON', () => {
  it('is one line that reads back as the record', () => {
    const line = tickJson(tick)
    expect(line).not.toContain('\n')
    expect(JSON.parse(line)).toEqual(tickRecord(tick))
  })

  it('tells the view, the plan and what became of it in the words of the Tick', () => {
    expect(JSON.parse(tickJson(tick))).toMatchObject({
      index: 7,
      cause: 'interval',
      wallTime: 1_700_000_007_000,
      summary: 'a summary',
      interval: 1000,
      online: '0-3',
      pcpus: [{ id: 0, core: 0, siblings: '0', busy: 0.5, background: 0 }, {}, {}, {}],
      cells: [{ id: 0, cpus: '0-3', distances: { 0: 10 } }],
      memory: { budget: view.memory.budget, committed: view.memory.committed },
      domains: [
        {
          name: 'a',
          state: 'running',
          vcpus: [
            {
              vcpu: 0,
              affinity: '0-1',
              allowed: '0-3',
              pcpu: 1,
              usage: 0.5,
              delay: 0.1,
              demand: 0.55,
              demandRange: { low: 0.55, high: 0.55 },
            },
          ],
          memory: { actual: 512 * MiB },
          score: { cpu: 90 },
        },
        { name: 'b', state: 'paused', memory: { hold: 'not running' } },
      ],
      plan: [
        { kind: 'pin', domain: 'a', vcpu: 0, cpus: '3', reason: { kind: 'custom', text: 'pCPU 3 is idle' } },
        {
          kind: 'setMemory',
          domain: 'a',
          bytes: 640 * MiB,
          reason: { kind: 'custom', text: '90 MiB unused' },
        },
      ],
      clamps: [
        {
          rule: 'host-reserve',
          result: 'changed',
          instead: { bytes: 600 * MiB },
          cause: { kind: 'no-headroom', headroom: 88 * MiB, text: 'the host has 88 MiB left to grant' },
        },
        {
          rule: 'no-change',
          result: 'denied',
          cause: { kind: 'pinned-already', affinity: '0-1', text: 'it is pinned to 0-1 already' },
        },
      ],
      skipped: [
        {
          domain: 'b',
          what: 'memory',
          rule: 'unmanaged',
          reason: { ...notRunning, text: 'it is not running' },
        },
      ],
      outcomes: [
        { status: 'failed', error: { code: 'ERR_NO_DOMAIN', message: 'gone' }, duration: 2.5 },
        { status: 'dry-run' },
      ],
      errors: [{ code: 'ERR_POLICY', message: 'it threw' }],
      timing: { total: 6, period: 1000 },
    })
  })

  it('leaves out what is not known instead of writing null', () => {
    const line = tickJson(tick)
    expect(line).not.toContain('null')
    const record = JSON.parse(line)
    expect(record.domains[1].vcpus[0]).not.toHaveProperty('usage')
    expect(record.domains[1].vcpus[0]).not.toHaveProperty('pcpu')
    expect(record.domains[1].memory).not.toHaveProperty('unused')
    expect(record.domains[1].score).toEqual({})
    expect(record.cells[0]).not.toHaveProperty('memory')
    expect(record.clamps[1]).not.toHaveProperty('instead')
    expect(record.outcomes[1]).not.toHaveProperty('error')
  })
})
