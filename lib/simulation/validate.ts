import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import type { HostShape, Load, MemoryScenario, Program, Scenario, VcpuScenario } from './scenario.ts'
import { completeShape } from './topology.ts'
import { validateChanges } from './validate-changes.ts'

/** Throws the `TypeError` that names the first thing in a scenario that makes no sense. */
export function validateScenario(scenario: Scenario): void {
  onlyKeys('scenario', scenario, [
    'seed',
    'pcpus',
    'memory',
    'background',
    'memoryDeadline',
    'callDeadline',
    'domains',
    'changes',
  ])
  const { seed, memory, background, memoryDeadline, callDeadline, domains, changes } = scenario
  if (seed !== undefined && !Number.isInteger(seed)) throw wrongOption('seed', 'a whole number', seed)
  atLeast('memory', memory, 1)
  if (background !== undefined && !(background >= 0 && background <= 1)) {
    throw wrongOption('background', 'a fraction from 0 to 1', background)
  }
  atLeast('memoryDeadline', memoryDeadline, 0)
  atLeast('callDeadline', callDeadline, 0)
  const online = validateShape(scenario.pcpus)
  if (!Array.isArray(domains)) throw wrongOption('domains', 'a list of domains', domains)
  const names = new Set<string>()
  for (const [i, domain] of domains.entries()) {
    const at = `domains[${i}]`
    onlyKeys(at, domain, ['name', 'running', 'vcpus', 'memory'])
    if (typeof domain.name !== 'string' || domain.name === '' || names.has(domain.name)) {
      throw wrongOption(`${at}.name`, 'a name that no other domain has', domain.name)
    }
    names.add(domain.name)
    if (domain.vcpus?.length === 0) throw wrongOption(`${at}.vcpus`, 'at least one vCPU', '[]')
    for (const [j, vcpu] of (domain.vcpus ?? []).entries()) validateVcpu(`${at}.vcpus[${j}]`, vcpu, online)
    if (domain.memory) validateMemory(`${at}.memory`, domain.memory)
  }
  if (changes) validateChanges(changes, domains, online)
}

/** Throws for anything that is no load. */
export function validateLoad(at: string, load: Load): void {
  switch (load.kind) {
    case 'idle':
    case 'spin':
      onlyKeys(at, load, ['kind'])
      break
    case 'loop':
      onlyKeys(at, load, ['kind', 'work', 'sleep'])
      above0(`${at}.work`, load.work)
      above0(`${at}.sleep`, load.sleep)
      break
    case 'work':
      onlyKeys(at, load, ['kind', 'work'])
      above0(`${at}.work`, load.work)
      break
    default:
      throw wrongOption(`${at}.kind`, 'idle, spin, loop or work', (load as { kind: unknown }).kind)
  }
}

/** Throws for anything that is no program. */
export function validateProgram(at: string, program: Program): void {
  onlyKeys(at, program, ['size', 'rate', 'touch'])
  if (!(program.size >= 0)) throw wrongOption(`${at}.size`, 'bytes from 0 on', program.size)
  atLeast(`${at}.rate`, program.rate, 0)
  atLeast(`${at}.touch`, program.touch, 0)
}

/** Throws for anything that is no vCPU of a host with these pCPUs. */
export function validateVcpu(at: string, vcpu: VcpuScenario, online: CpuSet): void {
  onlyKeys(at, vcpu, ['affinity', 'load'])
  if (vcpu.load) validateLoad(`${at}.load`, vcpu.load)
  const { affinity } = vcpu
  if (affinity === undefined || affinity === 'any') return
  const cpus = parseOr(affinity, () => wrongOption(`${at}.affinity`, `'any' or a CPU list`, affinity))
  if (cpus.isEmpty || !cpus.isSubsetOf(online)) {
    throw wrongOption(`${at}.affinity`, `'any' or pCPUs among ${online}`, affinity)
  }
}

/** Throws for a key that is not among these: most likely a misspelled one. */
export function onlyKeys(at: string, value: object, keys: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!keys.includes(key))
      throw wrongOption(at, `an object with no other keys than ${keys.join(', ')}`, key)
  }
}

function parseOr(list: string, mistake: () => TypeError): CpuSet {
  try {
    return CpuSet.parse(list)
  } catch (cause) {
    throw Object.assign(mistake(), { cause })
  }
}

function validateShape(pcpus: number | HostShape): CpuSet {
  if (typeof pcpus === 'object') onlyKeys('pcpus', pcpus, ['sockets', 'cores', 'threads', 'cells'])
  const shape = completeShape(pcpus)
  for (const [key, count] of Object.entries(shape)) {
    const option = typeof pcpus === 'number' ? 'pcpus' : `pcpus.${key}`
    if (!Number.isInteger(count) || count < 1) throw wrongOption(option, 'a whole number above 0', count)
  }
  const cores = shape.sockets * shape.cores
  if (cores % shape.cells !== 0) {
    throw wrongOption('pcpus.cells', `a number that divides the ${cores} cores evenly`, shape.cells)
  }
  return CpuSet.range(0, cores * shape.threads - 1)
}

function validateMemory(at: string, memory: MemoryScenario): void {
  onlyKeys(at, memory, ['maximum', 'actual', 'program', 'cache', 'swap', 'balloon'])
  const { maximum, actual, program, cache, swap = 'none', balloon = 'works' } = memory
  wholeKiB(`${at}.maximum`, maximum)
  wholeKiB(`${at}.actual`, actual)
  if (maximum !== undefined && actual !== undefined && actual > maximum) {
    throw wrongOption(`${at}.actual`, `at most the maximum of ${maximum} bytes`, actual)
  }
  if (program) validateProgram(`${at}.program`, program)
  atLeast(`${at}.cache`, cache, 0)
  if (!['none', 'disk', 'zram'].includes(swap)) throw wrongOption(`${at}.swap`, 'none, disk or zram', swap)
  if (!['works', 'no-driver', 'no-device'].includes(balloon)) {
    throw wrongOption(`${at}.balloon`, 'works, no-driver or no-device', balloon)
  }
}

function atLeast(option: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(value >= least)) throw wrongOption(option, `a number from ${least} on`, value)
}

function above0(option: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw wrongOption(option, 'milliseconds above 0', value)
}

function wholeKiB(option: string, bytes: number | undefined): void {
  if (bytes !== undefined && !(bytes > 0 && Number.isInteger(bytes / 1024))) {
    throw wrongOption(option, 'bytes above 0, whole KiB', bytes)
  }
}
