import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const lib = fileURLToPath(new URL('../../../../lib/', import.meta.url))

it('nothing loads the clients of NATS before there is a fleet', () => {
  const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  )
  const importing = sources.filter((name) => {
    return /^(import|export)(?! type)[^\n]*\sfrom '@nats-io\//m.test(readFileSync(lib + name, 'utf8'))
  })
  expect(sources.length).toBeGreaterThan(400)
  expect(importing).toEqual([])
})
