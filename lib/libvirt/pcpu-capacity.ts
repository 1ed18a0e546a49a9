import { readFileSync } from 'node:fs'
import { CpuSet } from '../host/cpuset.ts'

/** What an efficiency core does of a performance core's work where the kernel tells of it by type alone. */
const atomCapacity = 0.6
/** Capacities that differ by less are the same: equal cores turbo to slightly different frequencies. */
const alike = 0.1

/** Gives the text of a file below `/sys/devices`; undefined where it cannot be read. */
export type ReadSysfs = (path: string) => string | undefined

/** Of this machine. */
export const readSysfs: ReadSysfs = (path) => {
  try {
    return readFileSync(`/sys/devices/${path}`, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * How much work each pCPU does against the largest, which is 1, by number: by the kernel's own `cpu_capacity`, else by
 * the highest frequency, else by the type of core. Empty where all are the same, or nothing tells.
 */
export function readCapacities(pcpus: readonly number[], read: ReadSysfs): ReadonlyMap<number, number> {
  for (const name of ['cpu_capacity', 'cpufreq/cpuinfo_max_freq']) {
    const raw = pcpus.map((pcpu) => Number(read(`system/cpu/cpu${pcpu}/${name}`) ?? Number.NaN))
    // What is known of some alone compares with nothing.
    if (!raw.every((value) => value > 0)) continue
    const largest = Math.max(...raw)
    const levels = levelled(raw.map((value) => value / largest))
    if (levels.some((level) => level < 1)) return new Map(pcpus.map((pcpu, i) => [pcpu, levels[i]!]))
  }
  const atoms = parseList(read('cpu_atom/cpus'))
  if (atoms.isEmpty || parseList(read('cpu_core/cpus')).isEmpty) return new Map()
  return new Map(pcpus.map((pcpu) => [pcpu, atoms.has(pcpu) ? atomCapacity : 1]))
}

/** Each value as the largest of those that are no more than `alike` apart from it, one after the other. */
function levelled(values: readonly number[]): number[] {
  const levels = new Map<number, number>()
  let level = Number.NaN
  for (const value of values.toSorted((a, b) => b - a)) {
    if (!(value >= level * (1 - alike))) level = value
    levels.set(value, level)
  }
  return values.map((value) => levels.get(value)!)
}

function parseList(text: string | undefined): CpuSet {
  try {
    return CpuSet.parse(text?.trim() ?? '')
  } catch {
    return CpuSet.empty
  }
}
