import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { baselineTree } from '../../../bench/baseline.ts'
import type * as simulation from '../../../lib/simulation/index.ts'
import { digestCases, digestOfRun } from './digest-cases.ts'

// Prints digests.json as the baseline has it: npx tsx test/unit/simulation/print-digests.ts > test/unit/simulation/digests.json
const lib = pathToFileURL(join(await baselineTree(), 'lib/simulation/index.ts')).href
const { simulate } = (await import(lib)) as typeof simulation
const digests: Record<string, string> = {}
for (const [name, scenario] of Object.entries(digestCases)) {
  digests[name] = await digestOfRun(simulate(scenario))
}
console.log(JSON.stringify(digests, undefined, 2))
