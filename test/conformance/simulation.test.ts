import { simulate } from '../../lib/simulation/index.ts'
import { MiB } from '../../lib/util/units.ts'
import { conformance } from './suite.ts'

/** When the scenario does what the suite may ask for: far enough apart for any test that does not ask. */
const plugs = 100_000
const restarts = 200_000
const stops = 300_000

conformance('simulate()', async () => {
  const host = simulate({
    pcpus: 4,
    domains: [
      {
        name: 'neighbour',
        vcpus: [{ load: { kind: 'spin' } }],
        metadata: "<settings shares='2000'/>",
      },
      {
        name: 'subject',
        vcpus: [{ load: { kind: 'loop', work: 5, sleep: 7 } }, {}],
        memory: { maximum: 512 * MiB, actual: 384 * MiB },
      },
    ],
    changes: [
      { at: plugs, domain: 'subject', kind: 'plug', vcpu: {} },
      { at: restarts, domain: 'subject', kind: 'restart' },
      { at: stops, domain: 'subject', kind: 'stop' },
    ],
  })
  const { clock } = host
  return {
    host,
    domain: 'subject',
    described: 'neighbour',
    can: {
      usage: true,
      delay: true,
      statistics: true,
      balloon: true,
      pinEvents: true,
      balloonEvents: true,
      cpuShares: true,
      ksm: true,
    },
    pass: (milliseconds) => clock.sleepUntil(clock.now() + milliseconds),
    plug: () => clock.sleepUntil(plugs + 1),
    restart: () => clock.sleepUntil(restarts + 1),
    stop: () => clock.sleepUntil(stops + 1),
    release: () => host.close(),
  }
})
