import highs from 'highs'
import type { Columns } from '../../../lib/fleet/model/columns.ts'

// Its types describe the CommonJS build, which has the loader one level down.
const load = highs as unknown as typeof highs.default

/** More guests times hosts are not given to the solver: its text alone would not fit into its memory. */
export const mostVariables = 1_000_000

/** What the solver came to. */
export interface FewestMoves {
  readonly status: 'optimal' | 'time limit' | 'infeasible' | 'too large' | 'failed'
  /** Moves of the best plan that it found; undefined: none. */
  readonly moves: number | undefined
  readonly seconds: number
}

/**
 * The fewest guests that have to move so that no host's load is above `worst`, as a mixed-integer linear program: memory, budgets
 * and what each host can run as the policies have it.
 */
export async function fewestMoves(
  columns: Columns,
  worst: number,
  secondsAllowed: number,
): Promise<FewestMoves> {
  const { units, budget } = columns
  if (units.length * budget.length > mostVariables)
    return { status: 'too large', moves: undefined, seconds: 0 }
  const began = performance.now()
  try {
    const solver = await load()
    const solution = solver.solve(programOf(columns, worst), {
      output_flag: false,
      time_limit: secondsAllowed,
      mip_rel_gap: 0,
    })
    const seconds = (performance.now() - began) / 1_000
    const { Status: status, ObjectiveValue: value } = solution
    const stayed = Number.isFinite(value) ? units.length - Math.round(value) : undefined
    if (status === 'Infeasible') return { status: 'infeasible', moves: undefined, seconds }
    return { status: status === 'Optimal' ? 'optimal' : 'time limit', moves: stayed, seconds }
  } catch {
    // WebAssembly without memory, or a solver that gave up: it has no answer.
    return { status: 'failed', moves: undefined, seconds: (performance.now() - began) / 1_000 }
  }
}

/** As many as can be stay, so that the objective has one term for each unit. */
function programOf(columns: Columns, worst: number): string {
  const { units, budget, capacity, committed, on } = columns
  const rows: string[] = []
  const demands = budget.reduce<string[][]>((all) => [...all, []], [])
  const memories: string[][] = demands.map(() => [])
  const names: string[] = []
  for (const [unit, { home, demand, memory, leaves }] of units.entries()) {
    const own: string[] = []
    for (let host = 0; host < budget.length; host++) {
      if (host !== home && !(columns.isMovable(unit) && columns.isAllowed(unit, host, true))) continue
      const name = `x${unit}_${host}`
      own.push(name)
      demands[host]!.push(`${demand.toFixed(6)} ${name}`)
      memories[host]!.push(`${((host === home ? leaves : memory) / 2 ** 30).toFixed(4)} ${name}`)
    }
    rows.push(`${own.join(' + ')} = 1`)
    names.push(...own)
  }
  for (const [host, terms] of demands.entries()) {
    if (terms.length === 0) continue
    const beside = committed[host]! - on[host]!.reduce((sum, unit) => sum + units[unit]!.leaves, 0)
    rows.push(`${terms.join(' + ')} <= ${(worst * capacity[host]!).toFixed(6)}`)
    rows.push(`${memories[host]!.join(' + ')} <= ${((budget[host]! - beside) / 2 ** 30).toFixed(4)}`)
  }
  return [
    'Maximize',
    ` stay: ${units.map(({ home }, unit) => `x${unit}_${home}`).join(' + ')}`,
    'Subject To',
    ...rows.map((row, index) => ` r${index}: ${row}`),
    'Binary',
    ` ${names.join(' ')}`,
    'End',
  ].join('\n')
}
