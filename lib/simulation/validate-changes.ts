import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import type { Change, DomainChange, DomainScenario, HostChange } from './scenario.ts'
import {
  atLeast,
  fraction,
  onlyKeys,
  validateAffinity,
  validateLoad,
  validateProgram,
  validateQuota,
  validateRequested,
  validateVcpu,
  wholeKiB,
} from './validate-parts.ts'

/** What a domain is at one point of the scenario. */
interface Situation {
  running: boolean
  paused: boolean
  stuck: boolean
  vcpus: number
}

const keysOf: Record<Change['kind'], readonly string[]> = {
  load: ['load', 'vcpu'],
  program: ['program'],
  cpuQuota: ['cpuQuota'],
  plug: ['vcpu'],
  unplug: [],
  plugMemory: ['bytes'],
  virtioMem: ['requested'],
  balloon: ['bytes'],
  pin: ['vcpu', 'affinity'],
  background: ['pcpu', 'part'],
  offline: ['pcpu'],
  online: ['pcpu'],
  cpuset: ['cpus'],
  hostPrograms: ['bytes'],
  start: [],
  stop: [],
  restart: [],
  reboot: [],
  pause: [],
  resume: [],
  stick: [],
  unstick: [],
  arrive: [],
  leave: [],
  replace: [],
  rename: ['name'],
}

/** Plays the changes in the order of their times and throws for one that cannot happen then, as resuming what is not paused. */
export function validateChanges(
  changes: readonly Change[],
  domains: readonly DomainScenario[],
  all: CpuSet,
  offline: CpuSet,
): void {
  let online = all.minus(offline)
  const situations = new Map(
    domains.map((domain) => [domain.name, initially(domain, domain.running ?? true)]),
  )
  for (const [i, change] of changes.entries()) {
    if (typeof change !== 'object' || change === null) throw wrongOption(`changes[${i}]`, 'an object', change)
  }
  const inOrder = [...changes.entries()].sort(([, a], [, b]) => a.at - b.at)
  for (const [i, change] of inOrder) {
    const at = `changes[${i}]`
    const keys = keysOf[change.kind]
    if (!keys)
      throw wrongOption(`${at}.kind`, Object.keys(keysOf).join(', '), (change as { kind: unknown }).kind)
    const whose = isOfHost(change) ? [] : ['domain']
    onlyKeys(at, change, ['at', 'kind', ...whose, ...keys])
    if (!(typeof change.at === 'number' && change.at >= 0))
      throw wrongOption(`${at}.at`, 'milliseconds from 0 on', change.at)
    if (isOfHost(change)) {
      online = afterHostChange(at, change, all, online)
      continue
    }
    const situation = situations.get(change.domain)
    const domain = domains.find(({ name }) => name === change.domain)
    if (!situation || !domain) throw wrongOption(`${at}.domain`, 'the name of a domain', change.domain)
    if (change.kind === 'load') validateLoad(`${at}.load`, change.load)
    if (change.kind === 'program') validateProgram(`${at}.program`, change.program)
    if (change.kind === 'cpuQuota') validateQuota(`${at}.cpuQuota`, change.cpuQuota)
    if (change.kind === 'pin') validateAffinity(`${at}.affinity`, change.affinity, all)
    if (change.kind === 'plug') validateVcpu(`${at}.vcpu`, change.vcpu, all)
    if (change.kind === 'plugMemory') wholeKiB(`${at}.bytes`, Math.abs(change.bytes))
    if (change.kind === 'virtioMem')
      validateRequested(`${at}.requested`, change.requested, domain.memory?.virtioMem?.size)
    if (change.kind === 'balloon') wholeKiB(`${at}.bytes`, change.bytes)
    if (change.kind === 'rename' && (typeof change.name !== 'string' || change.name === '')) {
      throw wrongOption(`${at}.name`, 'a name', change.name)
    }
    const mistake = play(change, situation, domain)
    if (mistake) {
      throw wrongOption(
        at,
        `a change that can happen at ${change.at} ms (${change.domain} ${mistake})`,
        change.kind,
      )
    }
  }
}

const ofHost: readonly Change['kind'][] = ['background', 'hostPrograms', 'offline', 'online', 'cpuset']

function isOfHost(change: Change): change is HostChange {
  return !('domain' in change) && ofHost.includes(change.kind)
}

/** Checks a change of the host; returns what is online after it. */
function afterHostChange(at: string, change: HostChange, all: CpuSet, online: CpuSet): CpuSet {
  if (change.kind === 'cpuset') {
    validateAffinity(`${at}.cpus`, change.cpus, all)
    return online
  }
  if (change.kind === 'hostPrograms') {
    atLeast(`${at}.bytes`, change.bytes, 0)
    return online
  }
  const { pcpu } = change
  if (change.kind === 'online') {
    const offline = all.minus(online)
    if (!offline.has(pcpu)) throw wrongOption(`${at}.pcpu`, `a pCPU that is offline then (${offline})`, pcpu)
    return online.or(CpuSet.of(pcpu))
  }
  if (!online.has(pcpu)) throw wrongOption(`${at}.pcpu`, `a pCPU among ${online}`, pcpu)
  if (change.kind === 'background') {
    fraction(`${at}.part`, change.part)
    return online
  }
  if (online.size === 1) throw wrongOption(`${at}.pcpu`, 'not the last pCPU that is online', pcpu)
  return online.without(pcpu)
}

function initially(domain: DomainScenario, running: boolean): Situation {
  return { running, paused: false, stuck: false, vcpus: domain.vcpus?.length ?? 1 }
}

/** Carries the situation on; returns why that is not possible. */
function play(change: DomainChange, now: Situation, domain: DomainScenario): string | undefined {
  const begins = change.kind === 'start' || change.kind === 'arrive'
  if (now.running === begins) return now.running ? 'runs already' : 'does not run'
  switch (change.kind) {
    case 'load':
    case 'pin':
      return vcpuNumbers(now).includes(change.vcpu ?? 0) ? undefined : `has no vCPU ${change.vcpu}`
    case 'plug':
      now.vcpus++
      return undefined
    case 'unplug':
      return --now.vcpus > 0 ? undefined : 'has no other vCPU'
    case 'pause':
    case 'resume':
      if (now.paused === (change.kind === 'pause')) return now.paused ? 'is paused already' : 'is not paused'
      now.paused = !now.paused
      return undefined
    case 'stick':
    case 'unstick':
      if (now.stuck === (change.kind === 'stick')) return now.stuck ? 'is stuck already' : 'is not stuck'
      now.stuck = !now.stuck
      return undefined
    case 'start':
    case 'stop':
    case 'restart':
    case 'arrive':
    case 'leave':
    case 'replace':
    case 'rename':
      Object.assign(now, initially(domain, change.kind !== 'stop' && change.kind !== 'leave'))
      return undefined
    case 'program':
    case 'cpuQuota':
    case 'plugMemory':
    case 'virtioMem':
    case 'balloon':
    case 'reboot':
      return undefined
  }
}

function vcpuNumbers(now: Situation): number[] {
  return Array.from({ length: now.vcpus }, (_, number) => number)
}
