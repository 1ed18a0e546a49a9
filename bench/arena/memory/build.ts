import type {
  Change,
  DomainScenario,
  MemoryScenario,
  Program,
  Scenario,
} from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { MemoryContest } from './contest.ts'
import { vary } from './vary.ts'

/** Ticks: what the longest of the classic cases takes, and some quiet after it. */
const usualTicks = 120

export function contest(
  name: string,
  about: string,
  scenario: Omit<Scenario, 'pcpus'> & Partial<Pick<Scenario, 'pcpus'>>,
  rest: Partial<MemoryContest> = {},
): MemoryContest {
  return {
    name,
    about,
    scenario: (seed) => vary({ pcpus: 4, ...scenario }, seed),
    ticks: usualTicks,
    options: { hostMemoryReserve: 512 * MiB },
    ...rest,
  }
}

export function guest(
  name: string,
  memory: MemoryScenario,
  rest: Partial<DomainScenario> = {},
): DomainScenario {
  return { name, memory, ...rest }
}

/** So many alike, numbered from 1. */
export function guests(count: number, memory: MemoryScenario, name = 'guest'): DomainScenario[] {
  return Array.from({ length: count }, (_, index) => guest(`${name}${index + 1}`, memory))
}

export function run(seconds: number, domain: string, program: Program): Change {
  return { at: 1_000 * seconds, domain, kind: 'program', program }
}
