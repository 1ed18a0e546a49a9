import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { baselineTree, treeOf } from '../../../bench/baseline.ts'
import type * as simulation from '../../../lib/simulation/index.ts'
import { digestCases, digestOfRun, laterDigestCases } from './digest-cases.ts'

// Prints digests.json as the builds have it: npx tsx test/unit/simulation/print-digests.ts > test/unit/simulation/digests.json

/** The build before quotas, unequal pCPUs and the like were made faster. */
const laterCommit = '7ca324beb202d772abafadff13122f40565f684d'

const digests: Record<string, string> = {}

async function add(tree: string, cases: typeof digestCases, all: boolean): Promise<void> {
  const { simulate } = (await import(
    pathToFileURL(join(tree, 'lib/simulation/index.ts')).href
  )) as typeof simulation
  for (const [name, scenario] of Object.entries(cases)) {
    digests[name] = await digestOfRun(simulate(scenario), all)
  }
}

await add(await baselineTree(), digestCases, false)
await add(await treeOf(laterCommit), laterDigestCases, true)
console.log(JSON.stringify(digests, undefined, 2))
