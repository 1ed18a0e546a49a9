import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plotLoads } from '../plot/loads.ts'
import { plotPlacement } from '../plot/placement.ts'
import type { Contest } from './contests/contest.ts'
import { ticksOf } from './run.ts'

/** Writes `CONTEST-POLICY-loads.svg` and `CONTEST-POLICY-placement.svg` into `directory`, of the first seed. */
export async function writePlots(
  directory: string,
  contests: readonly Contest[],
  policies: readonly string[],
): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const { name: contest } of contests) {
    for (const policy of policies) {
      const ticks = await ticksOf({ contest, policy, seed: 1 })
      const path = join(directory, `${contest}-${policy}`)
      await writeFile(
        `${path}-loads.svg`,
        plotLoads(ticks, { title: `${contest}, ${policy}: load of each pCPU` }),
      )
      await writeFile(
        `${path}-placement.svg`,
        plotPlacement(ticks, { title: `${contest}, ${policy}: pCPU of each vCPU` }),
      )
    }
  }
}
