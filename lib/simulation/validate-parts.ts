import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import { KiB } from '../util/units.ts'
import type { Load, Program, QuotaScenario, VcpuScenario } from './scenario.ts'
import { block } from './virtio-mem.ts'

/** Throws for anything that is no load. */
export function validateLoad(at: string, load: Load): void {
  if (typeof load !== 'object' || load === null) throw wrongOption(at, 'an object', load)
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
  onlyKeys(at, program, ['size', 'rate', 'touch', 'files', 'goesOn'])
  if (!(typeof program.size === 'number' && program.size >= 0)) {
    throw wrongOption(`${at}.size`, 'bytes from 0 on', program.size)
  }
  atLeast(`${at}.rate`, program.rate, 0)
  atLeast(`${at}.touch`, program.touch, 0)
  atLeast(`${at}.files`, program.files, 0)
  const { goesOn } = program
  if (goesOn !== undefined && typeof goesOn !== 'boolean') {
    throw wrongOption(`${at}.goesOn`, 'true or false', goesOn)
  }
}

/** Throws for anything that is no quota: one must leave at least a millisecond of each period. */
export function validateQuota(at: string, quota: QuotaScenario): void {
  onlyKeys(at, quota, ['vcpu', 'global', 'period'])
  const { period = 100 } = quota
  if (!(typeof period === 'number' && period >= 1 && period <= 1_000)) {
    throw wrongOption(`${at}.period`, 'milliseconds from 1 to 1,000', period)
  }
  for (const name of ['vcpu', 'global'] as const) {
    const pcpus = quota[name]
    if (pcpus === undefined) continue
    if (!(typeof pcpus === 'number' && pcpus * period >= 1 && pcpus < Number.POSITIVE_INFINITY)) {
      throw wrongOption(`${at}.${name}`, `pCPUs, ${1 / period} at the least`, pcpus)
    }
  }
}

/** Throws for anything that is no vCPU of a host with these pCPUs. */
export function validateVcpu(at: string, vcpu: VcpuScenario, online: CpuSet): void {
  onlyKeys(at, vcpu, ['affinity', 'load'])
  if (vcpu.load !== undefined) validateLoad(`${at}.load`, vcpu.load)
  if (vcpu.affinity !== undefined) validateAffinity(`${at}.affinity`, vcpu.affinity, online)
}

/** Throws for anything that is neither `any` nor a list of some of these pCPUs. */
export function validateAffinity(at: string, affinity: string, online: CpuSet): void {
  if (affinity === 'any') return
  if (typeof affinity !== 'string') throw wrongOption(at, `'any' or a CPU list`, affinity)
  const cpus = parseOr(affinity, () => wrongOption(at, `'any' or a CPU list`, affinity))
  if (cpus.isEmpty || !cpus.isSubsetOf(online)) {
    throw wrongOption(at, `'any' or pCPUs among ${online}`, affinity)
  }
}

/** Throws for what is no object, and for a key that is not among these: most likely a misspelled one. */
export function onlyKeys(at: string, value: object, keys: readonly string[]): void {
  if (typeof value !== 'object' || value === null) throw wrongOption(at, 'an object', value)
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

/** Throws for what is given and no list. */
export function list(option: string, value: readonly unknown[] | undefined): void {
  if (value !== undefined && !Array.isArray(value)) throw wrongOption(option, 'a list', value)
}

/** Throws for what is no fraction of a pCPU. */
export function fraction(option: string, value: number): void {
  if (!(typeof value === 'number' && value >= 0 && value <= 1))
    throw wrongOption(option, 'a fraction from 0 to 1', value)
}

/** Throws for what is given and below `least`. */
export function atLeast(option: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(typeof value === 'number' && value >= least)) {
    throw wrongOption(option, `a number from ${least} on`, value)
  }
}

function above0(option: string, value: number): void {
  if (!(typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY))
    throw wrongOption(option, 'milliseconds above 0', value)
}

/** Throws for what a virtio-mem device of `size` bytes (undefined: there is none) cannot have plugged. */
export function validateRequested(option: string, bytes: number, size: number | undefined): void {
  if (size === undefined) throw wrongOption(option, 'of a domain with a virtio-mem device', bytes)
  if (!(Number.isInteger(bytes / block) && bytes >= 0 && bytes <= size)) {
    throw wrongOption(option, `whole ${block} bytes from 0 to ${size}`, bytes)
  }
}

/** Throws for what is given and no whole number of KiB above 0. */
export function wholeKiB(option: string, bytes: number | undefined): void {
  if (bytes !== undefined && !(bytes > 0 && Number.isInteger(bytes / KiB))) {
    throw wrongOption(option, 'bytes above 0, whole KiB', bytes)
  }
}
