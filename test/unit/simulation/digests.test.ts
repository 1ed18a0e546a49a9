import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../lib/simulation/index.ts'
import { digestCases, digestOfRun } from './digest-cases.ts'

/** As the build had them that was the first; print-digests.ts makes them again from its sources. */
const digests = JSON.parse(readFileSync(new URL('./digests.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, string>
>

describe('samples are the same to the last bit as ever', () => {
  it.each(Object.entries(digestCases))('%s', async (name, scenario) => {
    expect(await digestOfRun(simulate(scenario))).toBe(digests[name])
  })
})
