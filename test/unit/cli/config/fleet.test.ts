import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../../lib/cli/config/config.ts'
import { ConfigError } from '../../../../lib/cli/exit-codes.ts'

/** What is wrong in `text`, each without its place. */
function problemsIn(text: string): string[] {
  try {
    parseConfig('f', text)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => problem.replace(/^f:\d+:\d+: /, ''))
  }
}

describe('fleet in a configuration', () => {
  it('has defaults for all but the servers', () => {
    expect(parseConfig('f', 'fleet: { servers: nats1 }').fleet).toMatchObject({
      nats: { servers: ['nats1'], fleet: undefined, credentials: undefined, tls: undefined },
      reach: undefined,
      interval: 10_000,
      leads: true,
      dryRun: false,
      policy: { name: 'balance', options: {} },
      rules: {},
    })
  })

  it('is read whole', () => {
    const text = `
fleet:
  name: prod
  servers: [tls://nats1.example.org:4222, nats2]
  credentials: /etc/ballast/nats
  tls: { ca: /ca, cert: /cert, key: /key }
  migration-uri: qemu+tls://host1/system
  data-uri: tcp://10.0.0.1
  bandwidth: 1GiB
  interval: 5
  lead: false
  dry-run: true
  policy: { policy: balance, delay: 0.1, horizon: 5min }
  rules:
    together: [app-*, { guests: 'label:cache', hard: false }]
    apart: db-*
    pinned: [{ guests: gpu-*, hosts: [host1, host2] }]
    never: [legacy]
    hours: ['22:00-06:00']
    parallel: { out: 2, all: 4 }
    survive-host: true
`
    expect(parseConfig('f', text).fleet).toMatchObject({
      nats: {
        fleet: 'prod',
        servers: ['tls://nats1.example.org:4222', 'nats2'],
        credentials: '/etc/ballast/nats',
        tls: { ca: '/ca', cert: '/cert', key: '/key' },
      },
      reach: { uri: 'qemu+tls://host1/system', dataUri: 'tcp://10.0.0.1', bandwidth: 2 ** 30 },
      interval: 5_000,
      leads: false,
      dryRun: true,
      policy: { name: 'balance', options: { delay: 0.1, horizon: 300_000 } },
      rules: {
        together: [{ guests: 'app-*' }, { guests: 'label:cache', hard: false }],
        apart: [{ guests: 'db-*' }],
        pinned: [{ guests: 'gpu-*', hosts: ['host1', 'host2'] }],
        never: ['legacy'],
        hours: ['22:00-06:00'],
        parallel: { out: 2, all: 4 },
        surviveHost: true,
      },
    })
  })

  it.each([
    ['fleet:', 'fleet must be options'],
    ['fleet: {}', 'fleet.servers must be there'],
    ['fleet: { servers: "nats://ann:secret@n" }', 'fleet.servers must be [nats://|tls://]HOST[:PORT]'],
    ['fleet: { servers: "n:0" }', 'fleet.servers must be'],
    ['fleet: { servers: "n:65536" }', 'fleet.servers must be [nats://|tls://]HOST[:PORT]'],
    ['fleet: { servers: [] }', 'fleet.servers must be a list with something in it; got an empty list'],
    ['fleet: { servers: n, interval: -1 }', 'fleet.interval must be a number of seconds from 0.1 to 10'],
    ['fleet: { servers: n, migration-uri: host1 }', 'fleet.migration-uri must be a URI'],
    ['fleet: { servers: n, migration-uri: "a://", data-uri: 10.0.0.2 }', 'fleet.data-uri must be a URI'],
    ['fleet: { servers: n, rules: { never: "label:" } }', 'fleet.rules.never must name a label'],
    [
      'fleet: { servers: n, rules: { apart: { guests: "label:" } } }',
      'fleet.rules.apart.guests must name a label',
    ],
    ['fleet: { servers: n, name: a.b }', 'fleet.name must be at most 40 letters'],
    ['fleet: { servers: n, credentials: nats.creds }', 'fleet.credentials must be a path'],
    ['fleet: { servers: n, tls: { cert: /a } }', 'fleet.tls must have both cert and key'],
    ['fleet: { servers: n, data-uri: "tcp://x" }', 'fleet.data-uri would do nothing'],
    ['fleet: { servers: n, policy: none }', 'fleet.policy must be one of'],
    ['fleet: { servers: n, policy: { delay: 2 } }', 'fleet.policy.delay must be'],
    ['fleet: { servers: n, rules: { hours: 6-22 } }', 'fleet.rules.hours must be two times'],
    ['fleet: { servers: n, rules: { pinned: { guests: a } } }', 'fleet.rules.pinned must name its hosts'],
    ['fleet: { servers: n, rules: { apart: { hard: true } } }', 'fleet.rules.apart must name its guests'],
    ['fleet: { servers: n, rules: { parallel: { in: 0 } } }', 'fleet.rules.parallel.in must be a whole'],
    ['fleet: { servers: n, rule: {} }', 'unknown option fleet.rule; did you mean rules?'],
  ])('%s: %s', (text, problem) => {
    expect(problemsIn(text)).toEqual([expect.stringContaining(problem)])
  })
})
