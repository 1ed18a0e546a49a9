import type { MemoryContest } from './contest.ts'
import { classic } from './contests-classic.ts'
import { demanding } from './contests-demanding.ts'
import { odd } from './contests-odd.ts'

export const memoryContests: readonly MemoryContest[] = [...classic, ...demanding, ...odd]

export function memoryContestOf(name: string): MemoryContest {
  const contest = memoryContests.find((one) => one.name === name)
  if (!contest) throw new Error(`No contest ${name}`)
  return contest
}
