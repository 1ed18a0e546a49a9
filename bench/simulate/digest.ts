import type { Hash } from 'node:crypto'

/** A digest of samples and the like to the last bit: typed arrays by their bytes, whatever else as JSON. */
export function digestOf(hash: Hash, values: readonly object[]): string {
  for (const value of values) {
    for (const [name, each] of Object.entries(value)) {
      // Samples of older builds do not have it, and are compared with.
      if (name === 'cpuset') continue
      hash.update(name)
      if (ArrayBuffer.isView(each)) hash.update(each as Uint8Array)
      else hash.update(JSON.stringify(each, printable) ?? '')
    }
  }
  return hash.digest('hex')
}

/** JSON has no word for what is not finite. */
function printable(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
