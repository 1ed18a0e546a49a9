import { describe, expect, it } from 'vitest'
import { type PassName, passNames } from '../../../bench/passes.ts'
import { spreadOf } from '../../../bench/spread.ts'
import { judge, type Round } from '../../../bench/verdict.ts'

const loopDelay = { p99: 5, most: 40, checks: 2_000, busyPerWork: 1 }

/** Everything of ours exactly at its limit. */
const atLimits: Record<PassName, number> = {
  rawVcpu: 100,
  pythonVcpu: 100,
  cpuProc: 5,
  cpuLibvirt: 50,
  rawFull: 200,
  pythonFull: 200,
  full: 160,
}

function round(name: Round['round'], changed: Partial<Record<PassName, number>> = {}, p99 = 5): Round {
  const medians = { ...atLimits, ...changed }
  return {
    round: name,
    domains: 50,
    spinning: name === 'busy' ? 8 : 0,
    ms: Object.fromEntries(passNames.map((pass) => [pass, spreadOf([medians[pass]])])) as Round['ms'],
    loopDelay: { ...loopDelay, p99 },
    loopDelayAtRest: loopDelay,
  }
}

const missed = (judged: Round) => judge(judged).flatMap(({ what, passed }) => (passed ? [] : [what]))

describe('judge', () => {
  it('holds the idle host against all limits and the busy one against the ratios', () => {
    expect(judge(round('idle')).map(({ what, limit }) => [what, limit])).toEqual([
      ['cpuProc', 0.05],
      ['cpuLibvirt', 0.5],
      ['full', 0.8],
      ['loopDelay', 5],
    ])
    expect(judge(round('busy')).map(({ what }) => what)).toEqual(['cpuProc', 'cpuLibvirt', 'full'])
  })

  it('lets pass what is at its limit', () => {
    expect(missed(round('idle'))).toEqual([])
  })

  it.each([
    ['cpuProc', 5.01],
    ['cpuLibvirt', 50.1],
    ['full', 160.1],
  ] as const)('finds %s too slow in either round', (pass, milliseconds) => {
    for (const name of ['idle', 'busy'] as const) {
      expect(missed(round(name, { [pass]: milliseconds }))).toEqual([pass])
    }
  })

  it('finds the JS thread held for too long, on the idle host alone', () => {
    expect(missed(round('idle', {}, 5.01))).toEqual(['loopDelay'])
    expect(missed(round('busy', {}, 5.01))).toEqual([])
  })

  it('compares with raw C and not with libvirt-python', () => {
    expect(missed(round('idle', { pythonVcpu: 1_000, pythonFull: 1_000, rawFull: 199 }))).toEqual(['full'])
  })

  it('does not pass what was not measured', () => {
    expect(missed(round('idle', { cpuProc: Number.NaN }))).toEqual(['cpuProc'])
  })
})
