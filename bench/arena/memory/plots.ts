import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plotMemory } from '../../plot/memory.ts'
import type { MemoryContest } from './contest.ts'
import { memoryTicksOf } from './run.ts'

/** Writes `CONTEST-POLICY-memory.svg` into `directory`, of the first seed. */
export async function writeMemoryPlots(
  directory: string,
  contests: readonly MemoryContest[],
  policies: readonly string[],
): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const { name: contest } of contests) {
    for (const policy of policies) {
      const ticks = await memoryTicksOf({ contest, policy, seed: 1 })
      const plot = plotMemory(ticks, { title: `${contest}, ${policy}` })
      await writeFile(join(directory, `${contest}-${policy}-memory.svg`), plot)
    }
  }
}
