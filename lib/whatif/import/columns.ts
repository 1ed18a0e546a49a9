import { MiB } from '../../util/units.ts'
import { type Fields, linesOf } from './fields.ts'
import type { Reading } from './trace.ts'

const needed = ['time', 'guest', 'cpu'] as const
const known = [...needed, 'vcpus', 'memory', 'size'] as const
type Name = (typeof known)[number]

/**
 * Plain comma-separated values with a head: `time` (seconds), `guest`, `cpu` (percent of all its vCPUs) and, where it is known,
 * `vcpus`, `memory` (MiB that it used) and `size` (MiB that it had), in any order; these three may be empty. Other
 * columns are left out.
 */
export async function* columns(files: readonly string[]): AsyncGenerator<Reading, void, undefined> {
  for (const file of files) {
    let places: ReadonlyMap<Name, number> | undefined
    for await (const fields of linesOf(file, ',')) {
      if (!places) {
        places = placesIn(fields)
        continue
      }
      const number = (name: Name) => {
        const place = places?.get(name)
        if (place === undefined || (!isNeeded(name) && fields.isEmpty(place))) return undefined
        return fields.number(place, name)
      }
      const inBytes = (mebibytes: number | undefined) => mebibytes && mebibytes * MiB
      const vcpus = number('vcpus')
      if (vcpus !== undefined && !(Number.isInteger(vcpus) && vcpus > 0)) {
        throw fields.wrong(places.get('vcpus')!, `vcpus must be a whole number from 1; got ${vcpus}`)
      }
      yield {
        time: number('time')!,
        guest: fields.text(places.get('guest')!, 'guest'),
        cpu: number('cpu')! / 100,
        vcpus,
        memory: inBytes(number('memory')),
        size: inBytes(number('size')),
      }
    }
  }
}

function isNeeded(name: Name): boolean {
  return needed.some((one) => one === name)
}

function placesIn(fields: Fields): Map<Name, number> {
  const places = new Map<Name, number>()
  for (let index = 0; index < fields.count; index++) {
    const name = fields.text(index, 'the name of a column').toLowerCase()
    const found = known.find((one) => one === name)
    if (!found) continue
    if (places.has(found)) throw fields.wrong(index, `the column ${found} is there twice`)
    places.set(found, index)
  }
  const missing = needed.find((name) => !places.has(name))
  if (missing)
    throw fields.wrong(0, `the first line must name the columns ${needed.join(', ')}; ${missing} is missing`)
  return places
}
