// What `agents.ts` starts: the agents of a fleet, or its leader, in a process of its own, so that what each takes is told apart.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Migrator } from '../../lib/fleet/acting/migrator.ts'
import { type FleetAgent, runAgent } from '../../lib/fleet/agent/agent.ts'
import { runLeader } from '../../lib/fleet/loop/leader.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { balance } from '../../lib/fleet/policies/balance.ts'
import type { ReportBody } from '../../lib/fleet/report/host-facts.ts'
import type { GuestReport } from '../../lib/fleet/report/host-report.ts'
import { requirementKey } from '../../lib/fleet/report/requirement-key.ts'
import type { GuestRequirement } from '../../lib/host/migration.ts'
import { realClock } from '../../lib/libvirt/real-clock.ts'
import { GiB } from '../../lib/util/units.ts'

/** What the parent asks for. */
export interface Role {
  readonly role: 'agents' | 'leader'
  readonly server: string
  readonly agents: number
  readonly guests: number
  /** Kinds of guests in all: each host answers what it can do for each. */
  readonly kinds: number
  /** Milliseconds from one report of an agent to the next, and from one round to the next. */
  readonly interval: number
}

/** What the leader tells of a round. */
export interface RoundTold {
  readonly hosts: number
  readonly guests: number
  /** The part of all that hosts are asked about kinds of guests that is answered. */
  readonly answered: number
}

/** Connections that are made at once. */
const atOnce = 20

const migrator: Migrator = {
  migrate: async () => ({ elapsed: 1 }),
  runs: async () => true,
  progress: async () => undefined,
  abort: async () => {},
}

function requirementOf(kind: number): GuestRequirement {
  return {
    architecture: 'x86_64',
    machine: 'pc-q35-7.2',
    cpu: "<cpu mode='custom'><model>Nehalem</model></cpu>",
    storage: [`volume pool${kind}/shared`],
    networks: ['bridge br0'],
    hugePages: 0,
    immovable: [],
  }
}

function uuidOf(first: number, host: number, guest: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  return `${hex(first, 8)}-0000-4000-8000-${hex(host, 6)}${hex(guest, 6)}`
}

/** Each guest wants a little more or less than the mean, and something else each time. */
function demandOf(host: number, guest: number, round: number): number {
  const phase = (host * 31 + guest * 17) % 101
  return 0.35 + 0.2 * Math.sin(phase + round / 7)
}

/** The guests of all hosts are of one kind after the other. */
const kindOf = ({ guests, kinds }: Role, host: number, guest: number) => (host * guests + guest) % kinds

function guestsOf(role: Role, host: number, round: number, keys: readonly string[]): GuestReport[] {
  const { guests } = role
  return Array.from({ length: guests }, (_, guest) => {
    const demand = demandOf(host, guest, round)
    return {
      id: guest,
      run: `boot:${host}`,
      uuid: uuidOf(7, host, guest),
      name: `guest-${host}-${guest}`,
      running: true,
      cpu: { vcpus: 2, demand, largest: demand / 2, usage: demand * 0.9, delay: 0.01, shares: 1_024 },
      memory: {
        maximum: 4 * GiB,
        actual: 4 * GiB,
        committed: 4 * GiB,
        need: 2 * GiB,
        dirtyRate: 2e6,
        swapping: false,
      },
      score: { cpu: 90 + demand, memory: 100 },
      requirement: keys[kindOf(role, host, guest)],
      stays: [],
      labels: [],
    }
  })
}

function bodyOf(role: Role, host: number, round: number, keys: readonly string[]): ReportBody {
  const guests = guestsOf(role, host, round, keys)
  return {
    host: uuidOf(6, host, 0),
    name: `host-${host}`,
    wallTime: Date.now(),
    interval: role.interval,
    software: { ballast: '0' },
    reach: { uri: `qemu+tls://host-${host}/system`, bandwidth: 1e9 },
    cpu: { pcpus: 32, capacity: 32, background: 0.2, deviation: 0.05 },
    memory: { total: 256 * GiB, budget: 240 * GiB, committed: role.guests * 4 * GiB, available: 100 * GiB },
    dryRun: false,
    guests,
    migrations: [],
  }
}

async function beAgents(role: Role): Promise<void> {
  const agents: FleetAgent[] = []
  const requirements = Array.from({ length: role.kinds }, (_, kind) => requirementOf(kind))
  const keys = requirements.map(requirementKey)
  for (let first = 0; first < role.agents; first += atOnce) {
    const indices = Array.from({ length: Math.min(atOnce, role.agents - first) }, (_, i) => first + i)
    agents.push(
      ...(await Promise.all(
        indices.map(async (host) => {
          const uuid = uuidOf(6, host, 0)
          const bus = await natsBus({ servers: [role.server], host: uuid })
          return runAgent({ bus, clock: realClock, host: uuid, migrator, problemWith: async () => undefined })
        }),
      )),
    )
  }
  for (const [host, agent] of agents.entries()) {
    for (let guest = 0; guest < role.guests; guest++) agent.require(requirements[kindOf(role, host, guest)]!)
  }
  process.send?.('ready')
  // Spread over the interval, as agents that began at some time are.
  for (let round = 0; ; round++) {
    const began = performance.now()
    for (const [host, agent] of agents.entries()) {
      agent.report(bodyOf(role, host, round, keys))
      const due = began + ((host + 1) / agents.length) * role.interval
      if (host % 10 === 9) await sleep(Math.max(0, due - performance.now()))
    }
    await sleep(Math.max(0, began + role.interval - performance.now()))
  }
}

async function lead({ server, interval, agents, kinds }: Role): Promise<void> {
  const bus = await natsBus({ servers: [server] })
  process.send?.('ready')
  const holder = { host: 'leader', instance: String(process.pid) }
  for await (const { view } of runLeader({ bus, clock: realClock, holder, interval, policy: balance() })) {
    // Hosts that answer the same have the same answers.
    const counts = new Map(
      view.hosts.map(({ report: { answers } }) => [answers, Object.keys(answers).length]),
    )
    const answers = view.hosts.reduce((sum, { report }) => sum + counts.get(report.answers)!, 0)
    const told: RoundTold = {
      hosts: view.hosts.length,
      guests: view.guests.length,
      answered: answers / (agents * kinds),
    }
    process.send?.(told)
  }
}

const role: Role = JSON.parse(process.argv[2]!)
await (role.role === 'agents' ? beAgents(role) : lead(role))
