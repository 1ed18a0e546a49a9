import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NatsServer } from '../../test/support/nats.ts'
import { endsWithUs } from '../ends-with-us.ts'
import type { Role, RoundTold } from './agents-child.ts'

/** The part of a core that the leader may take. */
const limit = 0.2

/** What many agents on one NATS take, over some rounds. Parts of a core. */
export interface AgentsFigures {
  readonly agents: number
  readonly guests: number
  readonly kinds: number
  /** Seconds from the leader's start until it had an answer of every host for every kind. */
  readonly answeredAfter: number
  /** Milliseconds. */
  readonly interval: number
  readonly seconds: number
  readonly rounds: number
  /** What the leader saw in its last round. */
  readonly seen: RoundTold
  readonly leader: number
  readonly leaderMiB: number
  readonly nats: number
  readonly natsMiB: number
  /** All agents together. */
  readonly all: number
  readonly limit: number
  readonly passed: boolean
}

export interface AgentsOptions {
  readonly agents?: number
  /** Of each. */
  readonly guests?: number
  /** Of guests, in all. */
  readonly kinds?: number
  /** Milliseconds. */
  readonly interval?: number
  /** Rounds that are measured, after those in which the leader has come to see all. */
  readonly rounds?: number
}

/** What the leader of a fleet and its nats-server take while all of its agents report. */
export async function measureAgents(
  log: (line: string) => void,
  { agents = 1_000, guests = 30, kinds = 20, interval = 10_000, rounds = 6 }: AgentsOptions = {},
): Promise<AgentsFigures> {
  await using server = await NatsServer.start()
  const role = { server: server.address, agents, guests, kinds, interval }
  using all = await start({ ...role, role: 'agents' })
  log(`${agents} agents are connected`)
  using leader = await start({ ...role, role: 'leader' })
  let seen: RoundTold = { hosts: 0, guests: 0, answered: 0 }
  const led = performance.now()
  let count = 0
  leader.child.on('message', (told: RoundTold) => {
    seen = told
    count++
  })
  const isReady = () => seen.hosts === agents && seen.answered === 1
  for (const deadline = Date.now() + 60 * interval; !isReady(); await sleep(interval / 40)) {
    if (Date.now() < deadline) continue
    throw new Error(`The leader sees ${seen.hosts} of ${agents} hosts, and ${seen.answered} of all answers`)
  }
  const answeredAfter = (performance.now() - led) / 1_000
  log(`the leader sees ${seen.hosts} hosts with ${seen.guests} guests, and all answers for ${kinds} kinds`)
  const before = [leader.child.pid!, server.pid, all.child.pid!].map(usageOf)
  const [began, first] = [performance.now(), count]
  await sleep(rounds * interval)
  const after = [leader.child.pid!, server.pid, all.child.pid!].map(usageOf)
  const seconds = (performance.now() - began) / 1_000
  const [ofLeader, ofNats, ofAll] = after.map(({ cpu }, i) => (cpu - before[i]!.cpu) / seconds)
  return {
    agents,
    guests: agents * guests,
    kinds,
    answeredAfter,
    interval,
    seconds,
    rounds: count - first,
    seen,
    leader: ofLeader!,
    leaderMiB: after[0]!.mebibytes,
    nats: ofNats!,
    natsMiB: after[1]!.mebibytes,
    all: ofAll!,
    limit,
    passed: ofLeader! <= limit && seen.hosts === agents && count - first >= rounds - 1,
  }
}

interface Child extends Disposable {
  readonly child: ChildProcess
}

async function start(role: Role): Promise<Child> {
  const child = fork(fileURLToPath(new URL('agents-child.ts', import.meta.url)), [JSON.stringify(role)])
  endsWithUs(child)
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`The ${role.role} of the fleet ended with ${code}`)))
  })
  return { child, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

/** Seconds of CPU time of a process so far, and what it has in memory. */
function usageOf(pid: number): { readonly cpu: number; readonly mebibytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  // Clock ticks, of which Linux has a hundred in a second.
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    mebibytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1_024,
  }
}
