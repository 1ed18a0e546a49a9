import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const assets = new URL('../../dist/page/assets/', import.meta.url)

describe('the files of the page', () => {
  it('are at most 200 kB, compressed, without the simulator', () => {
    const names = readdirSync(assets).filter((name) => !name.startsWith('simulator'))
    const size = names.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0)
    expect(names.some((name) => name.endsWith('.js'))).toBe(true)
    expect(size).toBeLessThan(200_000)
  })

  it('refer to nothing outside', () => {
    for (const name of readdirSync(assets)) {
      const text = readFileSync(new URL(name, assets), 'utf8')
      const addresses = text.match(/https?:\/\/[^\s"'`)]+/g) ?? []
      // Names of what XML elements mean are no addresses that anybody asks.
      expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([])
    }
  })
})
