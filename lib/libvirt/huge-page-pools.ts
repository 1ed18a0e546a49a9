import type { HugePagePool } from '../host/sample.ts'
import { KiB } from '../util/units.ts'
import { xmlReader } from '../util/xml-reader.ts'

interface CellElement {
  readonly id?: string
  /** `<pages unit='KiB' size='2048'>512</pages>`: how many pages of this size the cell has, used or not. */
  readonly pages?: readonly { readonly size?: string; readonly '#text'?: string }[]
}

const readXml = xmlReader({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => name === 'cell' || name === 'pages',
})

/** The pools of huge pages that a host's capabilities XML has; the smallest pages of a cell are ordinary. */
export function hugePagePoolsOf(capabilities: string): HugePagePool[] {
  const { capabilities: root } = readXml(capabilities)
  const cells: readonly CellElement[] = root?.host?.topology?.cells?.cell ?? []
  return cells.flatMap(({ id, pages = [] }) => {
    const smallest = Math.min(...pages.map(({ size }) => Number(size)))
    return pages.flatMap(({ size, '#text': count }) => {
      const bytes = Number(size) * KiB
      const total = Number(count) * bytes
      return Number(size) > smallest && total > 0
        ? [{ cell: Number(id), pageSize: bytes, total, free: Number.NaN }]
        : []
    })
  })
}
