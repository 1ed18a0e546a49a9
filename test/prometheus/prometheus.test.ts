import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ServedMetrics, serveMetrics } from '../../lib/cli/metrics/serve.ts'
import { autopilot } from '../../lib/control/autopilot.ts'
import { type Scenario, simulate } from '../../lib/simulation/index.ts'
import { eventually } from '../libvirt/eventually.ts'
import { Prometheus, promtool } from './prometheus.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-scraped-'))

/** `ballast run` on libvirt's test driver, and where its metrics are. */
let program: ChildProcess
let address: string
/** A simulated host with a known load, and Ticks of it as they come. */
let simulated: ServedMetrics
let prometheus: Prometheus
const stop = new AbortController()
let pacing: Promise<void>

beforeAll(async () => {
  program = spawn(
    process.execPath,
    [
      join(inject('compiled'), 'lib/cli/main.js'),
      ...['run', '0.2', '--connect', 'test:///default', '--metrics', '0'],
      ...['--journal', join(directory, 'journal')],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  program.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  address = await eventually(() => {
    const found = /metrics at http:\/\/(127\.0\.0\.1:\d+)\/metrics/.exec(said)?.[1]
    if (found === undefined) throw new Error(`ballast says no address: ${said}`)
    return found
  })
  simulated = await serveMetrics(
    [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    { version: '1', interval: 1_000, dryRun: false },
    (problem) => {
      throw new Error(problem)
    },
  )
  pacing = pace()
  const known = /\/\/(.*)\/metrics/.exec(simulated.addresses[0]!)![1]!
  prometheus = await Prometheus.start({ ballast: address, simulated: known })
})

afterAll(async () => {
  stop.abort()
  await pacing
  await prometheus?.[Symbol.asyncDispose]()
  await simulated?.[Symbol.asyncDispose]()
  if (program?.exitCode === null) {
    const ended = new Promise((resolve) => program.once('exit', resolve))
    program.kill('SIGTERM')
    await ended
  }
  rmSync(directory, { recursive: true, force: true })
})

/** A guest that has a pCPU to itself and uses 30 % of it, and two that would use all of another. */
const scenario: Scenario = {
  pcpus: 2,
  background: 0,
  domains: [
    { name: 'alone', vcpus: [{ affinity: '0', load: { kind: 'work', work: 30 } }] },
    { name: 'one', vcpus: [{ affinity: '1', load: { kind: 'spin' } }] },
    { name: 'other', vcpus: [{ affinity: '1', load: { kind: 'spin' } }] },
  ],
}

/** Ticks of that host until the end of the tests: a second of it passes in less of ours. */
async function pace(): Promise<void> {
  for await (const tick of autopilot(simulate(scenario), { interval: 1_000, signal: stop.signal })) {
    simulated.metrics.observe(tick)
    await sleep(100)
  }
}

describe('Prometheus', () => {
  it('scrapes ballast run on libvirt, and knows its guest', async () => {
    await eventually(async () =>
      expect(await prometheus.value('ballast_ticks_total{job="ballast"}')).toBeGreaterThan(3),
    )
    expect(await prometheus.value('up{job="ballast"}')).toBe(1)
    expect(await prometheus.value('libvirt_up{job="ballast"}')).toBe(1)
    expect(await prometheus.value('libvirt_domains{job="ballast"}')).toBe(1)
    expect(await prometheus.query('libvirt_domain_info_state{job="ballast"}')).toEqual([
      {
        labels: expect.objectContaining({ domain: 'test', state_desc: 'the domain is running' }),
        value: 1,
      },
    ])
    expect(await prometheus.value('ballast_config_info{job="ballast", scheduler="balance"}')).toBe(1)
    expect(await prometheus.value('max_over_time(ballast_tick_age_seconds{job="ballast"}[1m])')).toBeLessThan(
      30,
    )
  })

  it('reads a known load back within 5 points', async () => {
    const job = '{job="simulated"}'
    const elapsed = `(ballast_ticks_total${job} - ballast_ticks_total${job} offset 2s)`
    const partOf = (counter: string) => (domain: string) => async () => {
      const own = `${counter}{job="simulated", domain="${domain}"}`
      return prometheus.value(`sum(${own} - ${own} offset 2s) / sum(${elapsed})`)
    }
    const ran = partOf('libvirt_domain_vcpu_time_seconds_total')
    const waited = partOf('libvirt_domain_vcpu_delay_seconds_total')
    const near = (value: number) => expect.closeTo(value, 1.3)
    await eventually(async () => expect(await prometheus.value(`sum(${elapsed})`)).toBeGreaterThan(4))
    // A scrape that was late on a busy machine leaves no series until the next: what is there then has to be right.
    const known = (...values: (() => Promise<number>)[]) =>
      eventually(() => Promise.all(values.map((value) => value())))
    const parts = [ran('alone'), ran('one'), ran('other'), waited('alone'), waited('one')]
    expect(await known(...parts)).toEqual([0.3, 0.5, 0.5, 0, 0.5].map(near))
    const demand = (pcpu: number) => () =>
      prometheus.value(`ballast_pcpu_demand_ratio{job="simulated", pcpu="${pcpu}"}`)
    expect(await known(demand(0), demand(1))).toEqual([0.3, 2].map(near))
    const whole = (name: string) => () => prometheus.value(`${name}${job}`)
    expect(await known(whole('ballast_delay_ratio'))).toEqual([near(1 / 2.3)])
    expect(await known(whole('ballast_deviation_ratio'))).toEqual([near(0.85)])
  })

  it('evaluates the rules of the package, and has no alert for a host in order', async () => {
    const rules = await eventually(async () => {
      const all = await prometheus.rules()
      expect(all.filter(({ health }) => health === 'unknown')).toEqual([])
      return all
    })
    expect(rules.length).toBeGreaterThan(15)
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    // The guest of the test driver made its only report long ago; nothing else is wrong, with neither host.
    const alerts = await prometheus.query('ALERTS')
    expect(alerts.map(({ labels: { alertname, domain } }) => `${alertname} ${domain}`)).toEqual([
      'BallastStatisticsStale test',
    ])
  })
})

describe('promtool', () => {
  it.each(['ballast run', 'the simulated host'])(
    'finds nothing wrong with the metrics of %s',
    async (which) => {
      const url = which === 'ballast run' ? `http://${address}/metrics` : simulated.addresses[0]!
      const text = await (await fetch(url)).text()
      expect(text).toContain('libvirt_domain_vcpu_time_seconds_total{')
      expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' })
    },
  )

  it('finds nothing wrong with the rules and the scrape configuration', () => {
    const folder = 'packaging/prometheus'
    const { code, said } = promtool([
      'check',
      'rules',
      `${folder}/ballast-alerts.yml`,
      `${folder}/ballast-records.yml`,
    ])
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('SUCCESS: 19 rules found') })
    expect(promtool(['check', 'config', '--syntax-only', `${folder}/scrape.yml`])).toMatchObject({ code: 0 })
  })

  it('sees each alert fire, and none for a host in order', () => {
    const { code, said } = promtool(['test', 'rules', 'test/prometheus/alerts.yml'])
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('SUCCESS') })
  })
})
