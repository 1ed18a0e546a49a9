import { describe, expect, it } from 'vitest'
import type { Tick } from '../../../../lib/control/tick.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { pin, setMemory, setShares } from '../../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { applied, tickOf, viewOf } from '../ticks.ts'
import { at, fresh, seriesOf, starting, view } from './observed.ts'

describe('the metrics of a Tick', () => {
  it('have its guests under the names that exporters of libvirt have', async () => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    expect(starting(await seriesOf(metrics), 'libvirt_')).toEqual({
      libvirt_up: 1,
      libvirt_domains: 2,
      'libvirt_domain_timed_out{domain="web1"}': 0,
      'libvirt_domain_timed_out{domain="db"}': 1,
      'libvirt_domain_info_state{domain="web1",state_desc="the domain is running"}': 1,
      'libvirt_domain_info_state{domain="db",state_desc="the domain is paused by user"}': 3,
      ...both('libvirt_domain_info_maximum_memory_bytes', 2 * GiB),
      ...both('libvirt_domain_info_memory_usage_bytes', 512 * MiB),
      'libvirt_domain_info_virtual_cpus{domain="web1"}': 2,
      'libvirt_domain_info_virtual_cpus{domain="db"}': 0,
      'libvirt_domain_vcpu_time_seconds_total{domain="web1",vcpu="0"}': 0.5,
      'libvirt_domain_vcpu_time_seconds_total{domain="web1",vcpu="1"}': 0.1,
      'libvirt_domain_vcpu_delay_seconds_total{domain="web1",vcpu="0"}': 0.25,
      'libvirt_domain_vcpu_delay_seconds_total{domain="web1",vcpu="1"}': 0,
      'libvirt_domain_vcpu_cpu{domain="web1",vcpu="0"}': 1,
      'libvirt_domain_vcpu_cpu{domain="web1",vcpu="1"}': 2,
      ...both('libvirt_domain_memory_stats_current_balloon_bytes', 512 * MiB),
      ...both('libvirt_domain_memory_stats_maximum_bytes', 2 * GiB),
      ...both('libvirt_domain_memory_stats_available_bytes', 480 * MiB),
      'libvirt_domain_memory_stats_unused_bytes{domain="web1"}': 257.21484375 * MiB,
      ...both('libvirt_domain_memory_stats_usable_bytes', 300 * MiB),
      ...both('libvirt_domain_memory_stats_disk_caches_bytes', 0),
      ...both('libvirt_domain_memory_stats_rss_bytes', 600 * MiB),
      'libvirt_domain_memory_stats_swap_in_bytes{domain="web1"}': 0,
      'libvirt_domain_memory_stats_swap_out_bytes{domain="web1"}': 7 * MiB,
      'libvirt_domain_memory_stats_major_fault_total{domain="web1"}': 12,
      'libvirt_domain_memory_stats_last_update_timestamp_seconds{domain="web1"}': 1e9 - 3,
    })
  })

  it('have what only Ballast knows', async () => {
    const { metrics } = await fresh()
    const explanation = {
      front: [],
      lowerBound: 0.01,
      tolerated: 0.05,
      chosen: 0,
      reason: { kind: 'balance-idle', idleBelow: 0.02 },
    } as const
    const skipped = {
      uuid: view.domains[1]!.uuid,
      domain: 'db',
      what: 'memory',
      rule: 'unmanaged',
      reason: { kind: 'paused' },
    } as const
    const scores = {
      cpu: Float64Array.of(61, 100),
      memory: Float64Array.of(100, Number.NaN),
      together: Float64Array.of(61, Number.NaN),
    }
    const lasting = [skipped, { ...skipped, what: 'vcpus' as const }]
    metrics.observe(tickOf(0, at(1_000), { explanation, scores, skipped: lasting }))
    const series = await seriesOf(metrics)
    expect(Object.fromEntries(series)).toMatchObject({
      [`ballast_build_info{version="1.2.3",node="${process.version}"}`]: 1,
      'ballast_config_info{scheduler="balance",ballooning="none",ksm="none",dry_run="false"}': 1,
      ballast_interval_seconds: 2,
      'ballast_vcpu_demand_ratio{domain="web1",vcpu="0"}': 0.75,
      'ballast_guest_managed{domain="web1"}': 1,
      'ballast_guest_score_ratio{domain="web1",resource="cpu"}': 0.61,
      'ballast_guest_score_ratio{domain="web1",resource="together"}': 0.61,
      'ballast_guest_statistics_age_seconds{domain="web1"}': 3,
      'ballast_balloon_target_bytes{domain="web1"}': 640 * MiB,
      'ballast_balloon_refusing{domain="web1"}': 0,
      'ballast_skipped{what="memory",reason="paused"}': 1,
      'ballast_skipped{what="vcpus",reason="paused"}': 1,
      ballast_deviation_lower_bound_ratio: 0.01,
      ballast_deviation_tolerated_ratio: 0.05,
      ballast_worst_delay_ratio: 0.25,
      'ballast_pcpu_busy_ratio{pcpu="3"}': 0.5,
      'ballast_pcpu_demand_ratio{pcpu="0"}': 0,
      'ballast_pcpu_demand_ratio{pcpu="1"}': 0.75,
      ballast_host_memory_reserve_bytes: GiB,
      'ballast_host_memory_state{state="high"}': 1,
      'ballast_host_memory_state{state="low"}': 0,
      'ballast_choices_total{reason="balance-idle"}': 1,
    })
    expect(series.get('ballast_delay_ratio')).toBeCloseTo(0.25 / 0.85, 10)
    expect(series.get('ballast_deviation_ratio')).toBeCloseTo(deviation, 10)
  })

  it('have no series for what is not known', async () => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    const text = await metrics.text()
    expect(text).not.toMatch(/nan|undefined/i)
    // PSI is off, and no explanation was given.
    expect(text).not.toContain('ballast_host_memory_pressure_ratio')
    expect(text).not.toContain('ballast_deviation_lower_bound_ratio')
    expect(text).not.toContain('ballast_guest_statistics_age_seconds{domain="db"}')
    expect(text).not.toContain('ballast_guest_score_ratio{domain="db"')
  })

  it('count how long vCPUs ran and waited from sample to sample, each once', async () => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    metrics.observe(tickOf(1, at(2_000, { interval: 2_000 })))
    // The loop could not sample; then one between two intervals, and a View without a length of time.
    metrics.observe(tickOf(2, at(2_000)))
    metrics.observe(tickOf(3, at(2_500), { cause: 'emergency' }))
    metrics.observe(tickOf(4, at(3_000, { interval: undefined })))
    const series = await seriesOf(metrics)
    expect(series.get('libvirt_domain_vcpu_time_seconds_total{domain="web1",vcpu="0"}')).toBeCloseTo(1.5, 9)
    expect(series.get('libvirt_domain_vcpu_delay_seconds_total{domain="web1",vcpu="0"}')).toBeCloseTo(0.75, 9)
  })

  it('count anew when a guest has restarted, and forget one that has ended', async () => {
    const { metrics } = await fresh()
    const [web, db] = view.domains as [View['domains'][0], View['domains'][0]]
    metrics.observe(tickOf(0, at(1_000)))
    metrics.observe(tickOf(1, at(2_000, { domains: [{ ...web, id: 99 }] })))
    const series = await seriesOf(metrics)
    expect(series.get('libvirt_domain_vcpu_time_seconds_total{domain="web1",vcpu="0"}')).toBe(0.5)
    expect([...series.keys()].filter((name) => name.includes(`domain="${db.name}"`))).toEqual([])
    metrics.observe(tickOf(2, at(3_000, { domains: [] })))
    expect(await metrics.text()).not.toContain('domain="')
  })

  it('escape what a name has in it', async () => {
    const { metrics } = await fresh()
    const hostile = viewOf(1, [{ name: 'a"b\\c\nd\x1b[2J\u202e' }])
    metrics.observe(tickOf(0, hostile))
    const text = await metrics.text()
    expect(text).toContain('libvirt_domain_timed_out{domain="a\\"b\\\\c\\\\x0ad\\\\x1b[2J\\\\u202e"} 0\n')
    expect(text).not.toContain('\x1b')
  })
})

describe('what happens', () => {
  it('is counted by action, reason and outcome', async () => {
    const { metrics } = await fresh()
    const [vcpu] = view.vcpus
    const [web] = view.domains
    const move = pin(vcpu!, CpuSet.of(3), 'away')
    const stay = pin(vcpu!, CpuSet.of(1), 'stays')
    const failed = { status: 'failed', error: new BallastError('ERR_TIMEOUT', 'late'), duration: 1 } as const
    const tick: Partial<Tick> = {
      outcomes: [
        applied(move),
        applied(move),
        applied(stay),
        applied(setShares(web!, 2_048, 'more')),
        applied(setMemory(web!, GiB, 'grows')),
        { action: setMemory(web!, 64 * MiB, 'shrinks'), ...failed },
      ],
      clamps: [
        {
          rule: 'host-reserve',
          result: 'denied',
          action: move,
          instead: undefined,
          cause: { kind: 'no-headroom', headroom: 0 },
        },
      ],
      rollbacks: [
        { what: 'memory', plan: [], reason: { kind: 'rollback-oom', size: GiB } },
        { what: 'memory', plan: [], reason: { kind: 'rollback-oom', size: GiB } },
      ],
      errors: [new BallastError('ERR_POLICY', 'threw')],
    }
    metrics.observe(tickOf(0, at(1_000), tick))
    expect(starting(await seriesOf(metrics), 'ballast_decisions_total')).toEqual({
      'ballast_decisions_total{action="move",reason="custom",outcome="applied"}': 2,
      'ballast_decisions_total{action="pin",reason="custom",outcome="applied"}': 1,
      'ballast_decisions_total{action="shares",reason="custom",outcome="applied"}': 1,
      'ballast_decisions_total{action="grant",reason="custom",outcome="applied"}': 1,
      'ballast_decisions_total{action="shrink",reason="custom",outcome="failed"}': 1,
    })
    expect(Object.fromEntries(await seriesOf(metrics))).toMatchObject({
      'ballast_ticks_total{cause="interval"}': 1,
      'ballast_tick_duration_seconds_bucket{le="0.005"}': 0,
      'ballast_tick_duration_seconds_bucket{le="0.01"}': 1,
      ballast_tick_duration_seconds_count: 1,
      'ballast_tick_step_seconds_total{step="actuate"}': 0.003,
      'ballast_clamps_total{rule="host-reserve",result="denied"}': 1,
      'ballast_rollbacks_total{what="memory",reason="rollback-oom"}': 2,
      'ballast_rollbacks_total{what="vcpus",reason="rollback-delay"}': 0,
      'ballast_errors_total{code="ERR_POLICY"}': 1,
    })
  })

  it('has how far predictions were off, after three samples', async () => {
    const { metrics } = await fresh()
    const cpu = { usage: 0.1, delay: -0.2, load: 0, longestDelay: 0.3, deviation: 0, worstDelay: Number.NaN }
    const memory = { actual: 0, usable: -MiB, unused: 0, swapped: 5, majorFaults: 1, margin: 2 * MiB }
    const result = { tick: 0, action: pin(view.vcpus[0]!, CpuSet.of(1), 'x'), seen: {} }
    const results = [
      { ...result, after: 'samples', error: { cpu } },
      { ...result, after: 'samples', error: { cpu: { ...cpu, delay: 0.1 }, memory } },
      { ...result, after: 'samples' },
      { ...result, after: 'minute', error: { cpu } },
    ] as const
    metrics.observe(tickOf(0, at(1_000), { results }))
    const series = await seriesOf(metrics)
    const sumAndCount = (unit: string, figure: string) =>
      ['sum', 'count'].map((part) =>
        series.get(`ballast_prediction_error_${unit}_${part}{figure="${figure}"}`),
      )
    expect(sumAndCount('ratio', 'delay')).toEqual([expect.closeTo(0.3), 2])
    expect(sumAndCount('ratio', 'longest-delay')).toEqual([0.6, 2])
    expect(sumAndCount('ratio', 'worst-delay')).toEqual([undefined, undefined])
    expect(sumAndCount('bytes', 'usable')).toEqual([MiB, 1])
    expect(sumAndCount('bytes', 'margin')).toEqual([2 * MiB, 1])
  })

  it('counts what another program changed once, and again when it was changed to something else', async () => {
    const { metrics } = await fresh()
    const [{ uuid }] = view.domains as [View['domains'][0]]
    const external = (vcpu: number, cpus: string) =>
      ({
        uuid,
        domain: 'web1',
        what: 'vcpus',
        rule: 'external-change',
        reason: { kind: 'vcpu-pinned-externally', vcpu, cpus: CpuSet.parse(cpus) },
      }) as const
    const counted = async (index: number, ...skipped: Tick['skipped']) => {
      metrics.observe(tickOf(index, at(1_000 + index), { skipped }))
      return (await seriesOf(metrics)).get('ballast_external_changes_total{what="vcpus"}')
    }
    expect(await counted(0)).toBe(0)
    expect(await counted(1, external(0, '1'), external(1, '1'))).toBe(1)
    expect(await counted(2, external(0, '1'), external(1, '1'))).toBe(1)
    expect(await counted(3, external(0, '2'), external(1, '1'))).toBe(2)
    expect(await counted(4, external(0, '1'), external(1, '1'))).toBe(3)
  })
})

/** A gauge of both guests. */
function both(name: string, value: number): Record<string, number> {
  return { [`${name}{domain="web1"}`]: value, [`${name}{domain="db"}`]: value }
}

/** Of demands of 0, 0.75, 0.1 and 0. */
const deviation = Math.sqrt((2 * 0.2125 ** 2 + (0.75 - 0.2125) ** 2 + (0.1 - 0.2125) ** 2) / 4)
