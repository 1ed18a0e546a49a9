import type { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import type { Change, DomainChange, DomainScenario } from './scenario.ts'
import {
  fraction,
  onlyKeys,
  validateAffinity,
  validateLoad,
  validateProgram,
  validateVcpu,
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
  plug: ['vcpu'],
  pin: ['vcpu', 'affinity'],
  background: ['pcpu', 'part'],
  start: [],
  stop: [],
  restart: [],
  pause: [],
  resume: [],
  stick: [],
  unstick: [],
}

/** Plays the changes in the order of their times and throws for one that cannot happen then, as resuming what is not paused. */
export function validateChanges(
  changes: readonly Change[],
  domains: readonly DomainScenario[],
  online: CpuSet,
): void {
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
    const whose = change.kind === 'background' ? [] : ['domain']
    onlyKeys(at, change, ['at', 'kind', ...whose, ...keys])
    if (!(typeof change.at === 'number' && change.at >= 0))
      throw wrongOption(`${at}.at`, 'milliseconds from 0 on', change.at)
    if (change.kind === 'background') {
      if (!online.has(change.pcpu)) throw wrongOption(`${at}.pcpu`, `a pCPU among ${online}`, change.pcpu)
      fraction(`${at}.part`, change.part)
      continue
    }
    const situation = situations.get(change.domain)
    const domain = domains.find(({ name }) => name === change.domain)
    if (!situation || !domain) throw wrongOption(`${at}.domain`, 'the name of a domain', change.domain)
    if (change.kind === 'load') validateLoad(`${at}.load`, change.load)
    if (change.kind === 'program') validateProgram(`${at}.program`, change.program)
    if (change.kind === 'pin') validateAffinity(`${at}.affinity`, change.affinity, online)
    if (change.kind === 'plug') validateVcpu(`${at}.vcpu`, change.vcpu, online)
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

function initially(domain: DomainScenario, running: boolean): Situation {
  return { running, paused: false, stuck: false, vcpus: domain.vcpus?.length ?? 1 }
}

/** Carries the situation on; returns why that is not possible. */
function play(change: DomainChange, now: Situation, domain: DomainScenario): string | undefined {
  if (now.running === (change.kind === 'start')) return now.running ? 'runs already' : 'does not run'
  switch (change.kind) {
    case 'load':
    case 'pin':
      return vcpuNumbers(now).includes(change.vcpu ?? 0) ? undefined : `has no vCPU ${change.vcpu}`
    case 'plug':
      now.vcpus++
      return undefined
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
      Object.assign(now, initially(domain, change.kind !== 'stop'))
      return undefined
    case 'program':
      return undefined
  }
}

function vcpuNumbers(now: Situation): number[] {
  return Array.from({ length: now.vcpus }, (_, number) => number)
}
