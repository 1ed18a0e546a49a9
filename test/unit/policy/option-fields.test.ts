import { describe, expect, it } from 'vitest'
import { isWrongOption } from '../../../lib/host/errors.ts'
import { type PolicyTable, policies } from '../../../lib/policies.ts'
import { fieldsOf, optionsIn } from '../../../lib/policy/option-fields.ts'

const fields = fieldsOf(
  {
    low: 'bytes',
    maxMoves: 'flag',
    pause: 'milliseconds',
    group: { inner: 'bytes-from-0', other: 'flag' },
  },
  { low: 128 * 2 ** 20, maxMoves: false, pause: 90_000, group: { inner: 0 } },
)

describe('options as fields', () => {
  it('have the names of a configuration file, and show what is taken when nothing is given', () => {
    expect(fields.map(({ name, kind, usual }) => [name, kind, usual])).toEqual([
      ['low', 'size', '128 MiB'],
      ['max-moves', 'flag', 'false'],
      ['pause', 'time', '90 s'],
      ['group.inner', 'size', '0 MiB'],
      ['group.other', 'flag', undefined],
    ])
  })

  it('are read as they are written, and left out when they are empty or as usual', () => {
    const written = new Map([
      ['low', ' 128 MiB'],
      ['max-moves', 'true'],
      ['pause', '2min'],
      ['group.inner', '1.5 GiB'],
      ['group.other', ''],
    ])
    expect(optionsIn(fields, written)).toEqual({
      maxMoves: true,
      pause: 120_000,
      group: { inner: 1.5 * 2 ** 30 },
    })
  })

  it.each([
    ['low', '500', 'a size with its unit, such as 512 MiB'],
    ['pause', 'soon', 'a time with its unit, such as 30 s'],
  ])('%s cannot be %s', (name, text, expected) => {
    let thrown: unknown
    try {
      optionsIn(fields, new Map([[name, text]]))
    } catch (error) {
      thrown = error
    }
    expect(isWrongOption(thrown) && [thrown.option, thrown.expected]).toEqual([name, expected])
  })
})

const all = Object.values(policies).flatMap((table: PolicyTable<unknown>) => Object.values(table))

describe.each(all)('$name', ({ options, defaults, create }) => {
  const fields = fieldsOf(options, defaults)

  it('takes what is shown as its defaults', () => {
    // Written so that none of them counts as left out.
    const given = fields
      .filter(({ usual }) => usual !== undefined)
      .map((field) => ({ ...field, usual: undefined }))
    const shown = new Map(fields.map(({ name, usual }) => [name, usual ?? '']))
    expect(optionsIn(fields, shown)).toEqual({})
    const written = optionsIn(given, shown)
    expect(Object.keys(defaults).sort()).toEqual(Object.keys(options).sort())
    expect(written).toEqual(JSON.parse(JSON.stringify(defaults)))
    expect(() => create(written)).not.toThrow()
  })
})
