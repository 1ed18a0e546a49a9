import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DomainChange, DomainScenario, Scenario } from '../../../lib/simulation/index.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

const guest: DomainScenario = { name: 'guest', vcpus: [{}, {}] }
const sound: Scenario = { pcpus: 2, domains: [guest] }
const changing = (...changes: object[]): object => ({
  ...sound,
  changes: changes.map((c) => ({ domain: 'guest', ...c })),
})
const vcpu = (fields: object) => ({ ...sound, domains: [{ name: 'guest', vcpus: [fields] }] })
const memory = (fields: object) => ({ ...sound, domains: [{ name: 'guest', memory: fields }] })

describe('a scenario that makes no sense is a TypeError that names what is wrong', () => {
  const cases: [string, object, RegExp][] = [
    ['no pCPU', { ...sound, pcpus: 0 }, /`pcpus`.*above 0.*got 0/],
    ['half a core', { ...sound, pcpus: { cores: 1.5 } }, /`pcpus\.cores`/],
    ['cells that do not divide', { ...sound, pcpus: { cores: 3, cells: 2 } }, /`pcpus\.cells`.*3 cores/],
    ['a misspelled key', { ...sound, pcpu: 2 }, /`scenario`.*got "pcpu"/],
    ['a misspelled key inside', vcpu({ afinity: '0' }), /`domains\[0\]\.vcpus\[0\]`.*"afinity"/],
    ['a seed', { ...sound, seed: 'x' }, /`seed`.*got "x" \(string\)/],
    ['background', { ...sound, background: 2 }, /`background`.*0 to 1/],
    ['background of a pCPU', { ...sound, background: [0, -1] }, /`background\[1\]`.*0 to 1.*-1/],
    ['background of too few', { ...sound, background: [0] }, /`background`.*list of 2/],
    ['memory', { ...sound, memory: Number.NaN }, /`memory`.*NaN/],
    ['domains', { pcpus: 1 }, /`domains`.*undefined/],
    ['a name twice', { ...sound, domains: [guest, guest] }, /`domains\[1\]\.name`/],
    ['no vCPU', { ...sound, domains: [{ name: 'g', vcpus: [] }] }, /`domains\[0\]\.vcpus`/],
    ['a pCPU outside', vcpu({ affinity: '1-2' }), /`domains\[0\]\.vcpus\[0\]\.affinity`.*0-1.*"1-2"/],
    ['no CPU list', vcpu({ affinity: 'all' }), /affinity`.*"all"/],
    ['no load', vcpu({ load: { kind: 'busy' } }), /load\.kind`.*"busy"/],
    ['a loop without sleep', vcpu({ load: { kind: 'loop', work: 1, sleep: 0 } }), /load\.sleep`.*above 0/],
    ['more than the maximum', memory({ maximum: 4096, actual: 8192 }), /memory\.actual`.*4096/],
    ['part of a KiB', memory({ maximum: 1000 }), /memory\.maximum`.*whole KiB/],
    ['swap', memory({ swap: 'tape' }), /memory\.swap`.*"tape"/],
    ['balloon', memory({ balloon: 'red' }), /memory\.balloon`.*"red"/],
    ['a program', memory({ program: { size: -1 } }), /memory\.program\.size`/],
    ['an unknown change', changing({ at: 1, kind: 'explode' }), /`changes\[0\]\.kind`.*"explode"/],
    ['a change of nobody', changing({ at: 1, kind: 'stop', domain: 'x' }), /`changes\[0\]\.domain`.*"x"/],
    ['a change before the start', changing({ at: -1, kind: 'stop' }), /`changes\[0\]\.at`.*-1/],
    ['a pin outside', changing({ at: 1, kind: 'pin', vcpu: 0, affinity: '2' }), /affinity`.*0-1.*"2"/],
    ['a pin of no vCPU', changing({ at: 1, kind: 'pin', vcpu: 2, affinity: '0' }), /no vCPU 2/],
    [
      'background outside',
      { ...sound, changes: [{ at: 1, kind: 'background', pcpu: 2, part: 0 }] },
      /`changes\[0\]\.pcpu`.*0-1.*2/,
    ],
    ['starting what runs', changing({ at: 1, kind: 'start' }), /`changes\[0\]`.*runs already/],
    [
      'stopping twice',
      changing({ at: 1, kind: 'stop' }, { at: 2, kind: 'stop' }),
      /changes\[1\].*does not run/,
    ],
    [
      'order by time',
      changing({ at: 2, kind: 'pause' }, { at: 1, kind: 'stop' }),
      /changes\[0\].*does not run/,
    ],
    [
      'programs of the host below nothing',
      { ...sound, changes: [{ at: 1, kind: 'hostPrograms', bytes: -1 }] },
      /bytes/,
    ],
    ['resuming what runs', changing({ at: 1, kind: 'resume' }), /is not paused/],
    ['sticking twice', changing({ at: 1, kind: 'stick' }, { at: 2, kind: 'stick' }), /is stuck already/],
    ['no such vCPU', changing({ at: 1, kind: 'load', load: { kind: 'spin' }, vcpu: 2 }), /has no vCPU 2/],
  ]
  it.each(cases)('%s', (_, wrong, message) => {
    const make = () => simulate(wrong as Scenario)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  it('a plugged vCPU counts, until the restart', () => {
    const load = { at: 2, kind: 'load', load: { kind: 'spin' }, vcpu: 2 }
    const plug = { at: 1, kind: 'plug', vcpu: {} }
    expect(() => simulate(changing(plug, load) as Scenario)).not.toThrow()
    expect(() => simulate(changing(plug, { at: 1.5, kind: 'restart' }, load) as Scenario)).toThrow(
      /has no vCPU 2/,
    )
  })
})

describe('the classic cases', () => {
  const affinities = ({ domains }: Scenario) => domains.map(({ vcpus }) => vcpus![0]!.affinity)

  it('are plain data that survives JSON', () => {
    for (const make of Object.values(scenarios)) {
      const scenario = make()
      expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario)
      simulate(scenario)
    }
  })

  it('start where they should, for any count', () => {
    expect(affinities(scenarios.A1())).toEqual(Array(8).fill('0'))
    expect(affinities(scenarios.A2())).toEqual(['0', '0', '0', '0', '3', '3', '3', '3'])
    expect(affinities(scenarios.A3({ guests: 4, pcpus: 2 }))).toEqual(['0', '1', '0', '1'])
    for (const make of [scenarios.A4, scenarios.A5, scenarios.A7]) {
      expect(affinities(make({ guests: 16, pcpus: 8 }))).toEqual(Array(16).fill('any'))
    }
    expect(affinities(scenarios.A6())).toEqual(affinities(scenarios.A3()))
  })

  it('refuse sizes that make no sense', () => {
    expect(() => scenarios.M2({ memory: 1 })).toThrow(/`memory`/)
    expect(() => scenarios.A1({ guests: 0 })).toThrow(/`guests`/)
    expect(() => simulate(scenarios.A1({ pcpus: 0 }))).toThrow(/`pcpus`/)
  })

  it('alternate heavy and light in A5, and turn the first half heavy in A7', async () => {
    const host = simulate(scenarios.A5())
    const demands = async () =>
      (await host.domains()).map(({ uuid }) => Math.round(100 * host.truth(uuid)!.demand[0]!))
    expect(await demands()).toEqual([42, 14, 42, 14, 42, 14, 42, 14])
    const turned = (scenarios.A7().changes as DomainChange[]).map(({ domain }) => domain)
    expect(turned).toEqual(['guest1', 'guest2', 'guest3', 'guest4'])
  })
})

describe('topology', () => {
  it('numbers threads as Linux does and deals cores to cells', () => {
    const { topology } = simulate({ pcpus: { sockets: 2, cores: 2, threads: 2, cells: 4 }, domains: [] })
    expect(topology.pcpus.map(({ siblings }) => `${siblings}`)).toEqual([
      '0,4',
      '1,5',
      '2,6',
      '3,7',
      '0,4',
      '1,5',
      '2,6',
      '3,7',
    ])
    expect(topology.pcpus.map(({ socket }) => socket)).toEqual([0, 0, 1, 1, 0, 0, 1, 1])
    expect(topology.cells.map(({ cpus }) => `${cpus}`)).toEqual(['0,4', '1,5', '2,6', '3,7'])
    expect(topology.cells[1]!.distances.get(1)).toBe(10)
    expect(topology.cells[1]!.distances.get(0)).toBe(20)
  })

  it('counts sockets as cells unless it is told otherwise, and makes wide hosts', async () => {
    expect(simulate({ pcpus: { sockets: 2, cores: 4 }, domains: [] }).topology.cells).toHaveLength(2)
    const host = simulate({ pcpus: 65, domains: [{ name: 'g', vcpus: [{ affinity: '64' }] }] })
    const sample = await host.sampleCpu()
    expect([...sample.affinity]).toEqual([0, 0, 1])
    expect(sample.pcpu[0]).toBe(64)
  })
})

describe('where there is no Node', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('imports nothing but itself and the host contract', () => {
    const folder = new URL('../../../lib/simulation/', import.meta.url)
    for (const file of readdirSync(folder)) {
      const source = readFileSync(new URL(file, folder), 'utf8')
      const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from!)
      for (const from of imported) expect(from, file).toMatch(/^(\.\/|\.\.\/(host|util)\/)/)
      expect(source, file).not.toMatch(/\b(process|Buffer|require)\b[.(]/)
    }
  })

  it('passes its time without setImmediate', async () => {
    vi.stubGlobal('setImmediate', undefined)
    const host = simulate(sound)
    await host.clock.sleepUntil(5_000)
    expect(host.clock.now()).toBe(5_000)
  })
})
