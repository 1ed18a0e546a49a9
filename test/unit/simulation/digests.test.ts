import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cpuAsOfBaseline, memoryAsOfBaseline } from '../../../bench/simulate/digest.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { digestCases, digestOfRun, laterDigestCases } from './digest-cases.ts'

/** As the builds had them that were the first to have what is in them; print-digests.ts makes them again from their sources. */
const digests = JSON.parse(readFileSync(new URL('./digests.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, string>
>

describe('samples are the same to the last bit as ever', () => {
  it.each(Object.entries(digestCases))('%s', async (name, scenario) => {
    expect(await digestOfRun(simulate(scenario))).toBe(digests[name])
  })

  it.each(Object.entries(laterDigestCases))('%s, and all that they show', async (name, scenario) => {
    expect(await digestOfRun(simulate(scenario), true)).toBe(digests[name])
  })

  it('what the bench compares is what its baseline shows', async () => {
    const host = simulate({ pcpus: 1, domains: [] })
    const memory = memoryAsOfBaseline(await host.sampleMemory()) as { host: object }
    expect(Object.keys(cpuAsOfBaseline(await host.sampleCpu()))).toEqual([
      ...['domains', 'time', 'interval', 'state', 'source', 'vcpuStart', 'vcpu', 'usage', 'delay', 'pcpu'],
      ...['affinityWords', 'affinity', 'pcpuBusy'],
    ])
    expect(Object.keys(memory)).toEqual([
      ...[
        'domains',
        'time',
        'wallTime',
        'status',
        'state',
        'maximum',
        'actual',
        'available',
        'unused',
        'usable',
      ],
      ...['diskCaches', 'swapIn', 'swapOut', 'majorFaults', 'rss', 'lastUpdate', 'host'],
    ])
    expect(Object.keys(memory.host)).toEqual(['total', 'free', 'available', 'pressure'])
  })
})
