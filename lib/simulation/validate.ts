import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import type { Topology } from '../host/topology.ts'
import { defaultMaximum } from './guest.ts'
import { hugePagesOf } from './huge-pages.ts'
import type { HostShape, MemoryScenario, Scenario } from './scenario.ts'
import { completeShape, isTopology } from './topology.ts'
import { validateChanges } from './validate-changes.ts'
import {
  atLeast,
  fraction,
  list,
  onlyKeys,
  validateAffinity,
  validateProgram,
  validateQuota,
  validateRequested,
  validateVcpu,
  wholeKiB,
} from './validate-parts.ts'

/** Throws the `TypeError` that names the first thing in a scenario that makes no sense. */
export function validateScenario(scenario: Scenario): void {
  onlyKeys('scenario', scenario, [
    'seed',
    'pcpus',
    'memory',
    'offline',
    'cpuset',
    'cgroups',
    'remote',
    'hugePages',
    'background',
    'ksm',
    'memoryDeadline',
    'callDeadline',
    'domains',
    'changes',
  ])
  const { seed, memory, background, memoryDeadline, callDeadline, domains, changes } = scenario
  if (seed !== undefined && !Number.isInteger(seed)) throw wrongOption('seed', 'a whole number', seed)
  atLeast('memory', memory, 1)
  const { ksm } = scenario
  if (ksm !== undefined && typeof ksm !== 'boolean') throw wrongOption('ksm', 'true or false', ksm)
  atLeast('memoryDeadline', memoryDeadline, 0)
  atLeast('callDeadline', callDeadline, 0)
  const online = validateShape(scenario.pcpus)
  const offline = validateOffline(scenario.offline ?? '', online)
  if (scenario.cpuset !== undefined) validateAffinity('cpuset', scenario.cpuset, online)
  oneOf('cgroups', scenario.cgroups, ['v1', 'v2'])
  const { remote } = scenario
  if (remote !== undefined && typeof remote !== 'boolean')
    throw wrongOption('remote', 'true or false', remote)
  if (background !== undefined) validateBackground(background, online.size)
  if (!Array.isArray(domains)) throw wrongOption('domains', 'a list of domains', domains)
  const names = new Set<string>()
  for (const [i, domain] of domains.entries()) {
    const at = `domains[${i}]`
    onlyKeys(at, domain, ['name', 'running', 'vcpus', 'memory', 'cpuQuota', 'metadata'])
    if (typeof domain.name !== 'string' || domain.name === '' || names.has(domain.name)) {
      throw wrongOption(`${at}.name`, 'a name that no other domain has', domain.name)
    }
    names.add(domain.name)
    if (domain.metadata !== undefined && typeof domain.metadata !== 'string') {
      throw wrongOption(`${at}.metadata`, 'XML', domain.metadata)
    }
    list(`${at}.vcpus`, domain.vcpus)
    if (domain.vcpus?.length === 0) throw wrongOption(`${at}.vcpus`, 'at least one vCPU', '[]')
    for (const [j, vcpu] of (domain.vcpus ?? []).entries()) validateVcpu(`${at}.vcpus[${j}]`, vcpu, online)
    if (domain.cpuQuota !== undefined) validateQuota(`${at}.cpuQuota`, domain.cpuQuota)
    if (domain.memory !== undefined) validateMemory(`${at}.memory`, domain.memory)
  }
  validateHugePages(scenario)
  list('changes', changes)
  if (changes) validateChanges(changes, domains, online, offline)
}

function validateHugePages({ hugePages, domains }: Scenario): void {
  if (hugePages === undefined) return
  const needed = domains.reduce((sum, domain) => sum + hugePagesOf(domain, defaultMaximum), 0)
  atLeast('hugePages', hugePages, 0)
  if (hugePages >= needed) return
  throw wrongOption('hugePages', `at least the ${needed} bytes of the domains on huge pages`, hugePages)
}

/** What a {@link CpuSet} holds. */
const mostPcpus = 65_536

function validateShape(pcpus: number | HostShape | Topology): CpuSet {
  if (isTopology(pcpus)) return validateTopology(pcpus)
  if (typeof pcpus !== 'number')
    onlyKeys('pcpus', pcpus, ['sockets', 'cores', 'threads', 'cells', 'capacities'])
  const shape = completeShape(pcpus)
  for (const [key, count] of Object.entries(shape)) {
    const option = typeof pcpus === 'number' ? 'pcpus' : `pcpus.${key}`
    if (!Number.isInteger(count) || count < 1) throw wrongOption(option, 'a whole number above 0', count)
  }
  const capacities = typeof pcpus === 'number' ? undefined : pcpus.capacities
  if (capacities !== undefined) validateCapacities(capacities, shape.cores)
  const cores = shape.sockets * shape.cores
  if (cores * shape.threads > mostPcpus) {
    throw wrongOption('pcpus', `${mostPcpus} at the most`, cores * shape.threads)
  }
  if (cores % shape.cells !== 0) {
    throw wrongOption('pcpus.cells', `a number that divides the ${cores} cores evenly`, shape.cells)
  }
  return CpuSet.range(0, cores * shape.threads - 1)
}

function validateTopology({ online, pcpus }: Topology): CpuSet {
  const isWhole =
    online instanceof CpuSet && Array.isArray(pcpus) && CpuSet.from(pcpus.map(({ id }) => id)).equals(online)
  if (!isWhole || online.isEmpty)
    throw wrongOption('pcpus', 'a topology with the pCPUs that are online', String(online))
  return online
}

function validateOffline(list: string, all: CpuSet): CpuSet {
  if (list === '') return CpuSet.empty
  validateAffinity('offline', list, all)
  const offline = list === 'any' ? all : CpuSet.parse(list)
  if (offline.size === all.size) throw wrongOption('offline', 'fewer than all pCPUs', list)
  return offline
}

function validateCapacities(capacities: readonly number[], cores: number): void {
  const isFine =
    Array.isArray(capacities) &&
    capacities.length === cores &&
    capacities.every((capacity) => capacity > 0 && capacity <= 1) &&
    capacities.includes(1)
  if (isFine) return
  throw wrongOption('pcpus.capacities', `${cores} fractions above 0 and up to 1, one of them 1`, capacities)
}

function validateBackground(background: number | readonly number[], pcpus: number): void {
  if (typeof background === 'number') {
    fraction('background', background)
    return
  }
  if (!Array.isArray(background) || background.length !== pcpus) {
    throw wrongOption('background', `a fraction from 0 to 1, or a list of ${pcpus}`, background)
  }
  for (const [pcpu, part] of background.entries()) fraction(`background[${pcpu}]`, part)
}

const memoryKeys = [
  'maximum',
  'actual',
  'virtioMem',
  'program',
  'cache',
  'reserve',
  'swap',
  'balloon',
  'balloonSpeed',
  'reportDelay',
  'lie',
  'pinned',
]
const swaps = ['none', 'disk', 'zram']
const balloons = ['works', 'no-driver', 'no-device', 'refuses']
const pins = ['huge pages', 'locked', 'passthrough']
const lies = ['all free', 'all used', 'no swap', 'same again']

function validateMemory(at: string, memory: MemoryScenario): void {
  onlyKeys(at, memory, memoryKeys)
  const {
    maximum,
    actual,
    virtioMem,
    program,
    cache,
    reserve,
    swap,
    balloon,
    balloonSpeed,
    reportDelay,
    lie,
    pinned,
  } = memory
  wholeKiB(`${at}.maximum`, maximum)
  wholeKiB(`${at}.actual`, actual)
  if (maximum !== undefined && actual !== undefined && actual > maximum) {
    throw wrongOption(`${at}.actual`, `at most the maximum of ${maximum} bytes`, actual)
  }
  if (virtioMem !== undefined) {
    onlyKeys(`${at}.virtioMem`, virtioMem, ['size', 'requested'])
    wholeKiB(`${at}.virtioMem.size`, virtioMem.size)
    validateRequested(`${at}.virtioMem.requested`, virtioMem.requested, virtioMem.size)
  }
  if (program !== undefined) validateProgram(`${at}.program`, program)
  atLeast(`${at}.cache`, cache, 0)
  atLeast(`${at}.reserve`, reserve, 0)
  oneOf(`${at}.swap`, swap, swaps)
  oneOf(`${at}.balloon`, balloon, balloons)
  oneOf(`${at}.lie`, lie, lies)
  oneOf(`${at}.pinned`, pinned, pins)
  atLeast(`${at}.reportDelay`, reportDelay, 0)
  if (balloonSpeed !== undefined && !(balloonSpeed > 0 && balloonSpeed <= 1)) {
    throw wrongOption(`${at}.balloonSpeed`, 'a number above 0 and up to 1', balloonSpeed)
  }
}

function oneOf(option: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value)) throw wrongOption(option, known.join(', '), value)
}
