import { serveMetrics } from '../../lib/cli/metrics/serve.ts'
import { autopilot } from '../../lib/control/autopilot.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { programOf } from '../../scripts/unpacked.mjs'
import { eventually } from '../libvirt/eventually.ts'
import { Prometheus } from '../prometheus/prometheus.ts'
import type { Guest } from './guest.ts'
import type { Lab } from './lab.ts'

const interval = 1_000
/** Ticks that the load is read over, after those in which it begins. */
const ticks = 8
const beginning = 4

/** Whether there is a Prometheus to scrape with. */
export const canScrape = programOf('prometheus') !== undefined

/** The load of one guest, in parts of a pCPU. */
export interface ReadLoad {
  readonly guest: string
  /** By the kernel's own counter of its vCPU. */
  readonly kernel: number
  /** By what Prometheus has scraped. */
  readonly scraped: number
}

/** Two guests with a load each, as the kernel counts it and as Prometheus has it, over the same Ticks. */
export async function scrapedLoads(lab: Lab): Promise<ReadLoad[]> {
  const guests = await Promise.all((await lab.guests()).slice(0, 2).map((name) => lab.guest(name)))
  const [busy, half] = guests as [Guest, Guest]
  await using host = await connect(lab.uri)
  const [first = 0, second = first] = host.topology.online
  await Promise.all([busy.pin(`${first}`), half.pin(`${second}`)])
  await Promise.all([busy.send('spin'), half.send('work 40')])
  await using served = await serveMetrics(
    [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    { version: '0', interval, dryRun: false },
    (problem) => {
      throw new Error(problem)
    },
  )
  const address = /\/\/(.*)\/metrics/.exec(served.addresses[0]!)![1]!
  await using prometheus = await Prometheus.start({ ballast: address })

  /** What both say once this Tick has been scraped. */
  const read = async (index: number, time: number) => {
    const kernel = await Promise.all(guests.map(async (guest) => (await guest.vcpuTimes())[0]!.run / 1e9))
    await eventually(async () => {
      const seen = await prometheus.value('sum(ballast_ticks_total)')
      if (seen !== index + 1) throw new Error(`scraped ${seen} ticks, not ${index + 1}`)
    })
    const scraped = await Promise.all(
      guests.map(({ domain }) =>
        prometheus.value(`libvirt_domain_vcpu_time_seconds_total{domain="${domain}", vcpu="0"}`),
      ),
    )
    return { seconds: time / 1_000, kernel, scraped }
  }
  const readings: Awaited<ReturnType<typeof read>>[] = []
  for await (const tick of autopilot(host, { interval, ticks: beginning + ticks })) {
    served.metrics.observe(tick)
    const { index, view } = tick
    if (index === beginning - 1 || index === beginning + ticks - 1)
      readings.push(await read(index, view.time))
  }
  await Promise.all(guests.map((guest) => guest.send('idle')))
  const [before, after] = readings as [(typeof readings)[0], (typeof readings)[0]]
  const part = (of: 'kernel' | 'scraped', i: number) =>
    (after[of][i]! - before[of][i]!) / (after.seconds - before.seconds)
  return guests.map(({ domain }, i) => ({
    guest: domain,
    kernel: part('kernel', i),
    scraped: part('scraped', i),
  }))
}
