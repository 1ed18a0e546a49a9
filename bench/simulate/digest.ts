import type { Hash } from 'node:crypto'
import type { CpuSample, MemorySample } from '../../lib/host/sample.ts'

/** A digest of samples and the like to the last bit: typed arrays by their bytes, whatever else as JSON. */
export function digestOf(hash: Hash, values: readonly object[]): string {
  for (const value of values) {
    for (const [name, each] of Object.entries(value)) {
      hash.update(name)
      if (ArrayBuffer.isView(each)) hash.update(each as Uint8Array)
      else hash.update(JSON.stringify(each, printable) ?? '')
    }
  }
  return hash.digest('hex')
}

/** A CPU sample without what the baseline does not have. */
export function cpuAsOfBaseline({ throttled: _, cpuset: __, ...cpu }: CpuSample): object {
  return cpu
}

/** A memory sample without what the baseline does not have. */
export function memoryAsOfBaseline({ hugePages: _, rssFile: __, host, ...sample }: MemorySample): object {
  const { hugePages: ___, ...memory } = host
  return { ...sample, host: memory }
}

/** JSON has no word for what is not finite. */
function printable(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
