import { GiB } from '../../util/units.ts'
import { linesOf } from './fields.ts'
import type { Reading } from './trace.ts'

/** Columns of `vm_cpu_readings-file-N-of-M.csv`, which have no head: seconds, the guest's hash, and percents of its vCPUs. */
const reading = { time: 0, guest: 1, least: 2, most: 3, average: 4 } as const
/**
 * Columns of `vmtable.csv`, without a head too: the versions 1 and 2 have eleven, of which the last two say how large a
 * guest is.
 */
const table = { guest: 0, cores: 9, memory: 10 } as const

interface Size {
  readonly vcpus: number
  readonly size: number
}

/**
 * The readings of the Azure Public Dataset, versions 1 and 2: Cortez et al., "Resource Central" (2017). They have no use of
 * memory. `vms` is the path of the table of guests; undefined: sizes are not known.
 */
export async function* azure(
  files: readonly string[],
  vms: string | undefined,
): AsyncGenerator<Reading, void, undefined> {
  const sizes = vms === undefined ? new Map<string, Size>() : await readTable(vms)
  /** The hashes are long, and mean nothing to anybody. */
  const names = new Map<string, string>()
  for (const file of files) {
    for await (const fields of linesOf(file, ',')) {
      const hash = fields.text(reading.guest, 'VM id')
      let guest = names.get(hash)
      if (guest === undefined) {
        guest = `vm${names.size + 1}`
        names.set(hash, guest)
      }
      yield {
        guest,
        time: fields.number(reading.time, 'timestamp'),
        cpu: fields.number(reading.average, 'average CPU') / 100,
        cpuLeast: fields.number(reading.least, 'minimum CPU') / 100,
        cpuMost: fields.number(reading.most, 'maximum CPU') / 100,
        ...sizes.get(hash),
      }
    }
  }
}

async function readTable(path: string): Promise<Map<string, Size>> {
  const sizes = new Map<string, Size>()
  for await (const fields of linesOf(path, ',')) {
    const hash = fields.text(table.guest, 'VM id')
    sizes.set(hash, { vcpus: bucket(table.cores), size: GiB * bucket(table.memory) })

    /** Version 2 has buckets: `4`, and `>24` for all that are larger. */
    function bucket(index: number): number {
      const name = index === table.cores ? 'core count' : 'memory in GB'
      const text = fields.text(index, name)
      const value = Number(text.replace(/^>/, ''))
      if (!(value > 0))
        throw fields.wrong(index, `${name} must be a number above 0; got ${JSON.stringify(text)}`)
      return value
    }
  }
  return sizes
}
