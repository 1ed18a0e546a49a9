import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as ballooning from '../../lib/ballooning/index.ts'
import { defaultPolicies, type PolicyKind, policies } from '../../lib/policies.ts'
import * as schedulers from '../../lib/schedulers/index.ts'
import { kebabCase } from '../../lib/util/kebab-case.ts'

const docs = new URL('../../docs/', import.meta.url)
const overview = readFileSync(new URL('policies.md', docs), 'utf8')
const kinds = Object.keys(policies) as PolicyKind[]

describe.each(kinds)('the registry of %s policies', (kind) => {
  it.each(Object.values(policies[kind]))('has a page for $name, which the overview lists', ({ page }) => {
    expect(existsSync(new URL(`policies/${page}.md`, docs))).toBe(true)
    expect(overview).toContain(`(policies/${page}.md)`)
  })

  it.each(Object.values(policies[kind]))(
    'has options of $name that its page explains',
    ({ page, options }) => {
      const text = readFileSync(new URL(`policies/${page}.md`, docs), 'utf8')
      for (const option of Object.keys(options)) expect(text).toMatch(new RegExp(`\`${option}\\b`))
    },
  )

  it('has the default', () => {
    expect([...Object.keys(policies[kind]), 'none']).toContain(defaultPolicies[kind])
  })
})

it.each([
  ['scheduler', schedulers],
  ['ballooning', ballooning],
] as const)('every %s policy of the API can be chosen, by its name in kebab-case', (kind, namespace) => {
  expect(Object.keys(policies[kind]).toSorted()).toEqual(
    Object.keys(namespace)
      .map((name) => kebabCase(name))
      .toSorted(),
  )
})
