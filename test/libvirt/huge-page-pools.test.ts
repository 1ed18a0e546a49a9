import { expect, it } from 'vitest'
import { hugePagePoolsOf } from '../../lib/libvirt/huge-page-pools.ts'
import { GiB, MiB } from '../../lib/util/units.ts'

const cell = (id: number, pages: string) => `<cell id='${id}'><memory unit='KiB'>1</memory>${pages}</cell>`
const capabilities = (cells: string) =>
  `<capabilities><host><topology><cells num='2'>${cells}</cells></topology></host></capabilities>`

it('the pools of a remote host are those of its capabilities, without what is free of them', () => {
  const xml = capabilities(
    cell(
      0,
      "<pages unit='KiB' size='4'>900000</pages><pages unit='KiB' size='2048'>512</pages><pages unit='KiB' size='1048576'>2</pages>",
    ) + cell(1, "<pages unit='KiB' size='4'>900000</pages><pages unit='KiB' size='2048'>0</pages>"),
  )
  expect(hugePagePoolsOf(xml)).toEqual([
    { cell: 0, pageSize: 2 * MiB, total: 1 * GiB, free: Number.NaN },
    { cell: 0, pageSize: GiB, total: 2 * GiB, free: Number.NaN },
  ])
  expect(hugePagePoolsOf(capabilities(cell(0, '')))).toEqual([])
  // libvirt's test driver has a cell of pages of 8 KiB alone: its ordinary ones.
  expect(hugePagePoolsOf(capabilities(cell(1, "<pages unit='KiB' size='8'>524288</pages>")))).toEqual([])
  expect(hugePagePoolsOf('<capabilities/>')).toEqual([])
})
