import highs from 'highs'

// Its types describe the CommonJS build, which has the loader one level down.
const load = highs as unknown as typeof highs.default
const solver = await load()

/** A vCPU: what it wants, where it is, and where it may be. pCPUs are given by index. */
export interface OracleVcpu {
  /** Fraction of one pCPU. */
  readonly demand: number
  readonly home: number
  /** By pCPU; default: anywhere. */
  readonly allowed?: readonly boolean[] | undefined
}

export interface OracleProblem {
  readonly vcpus: readonly OracleVcpu[]
  /** By pCPU: load that cannot be moved. */
  readonly fixed: readonly number[]
  /**
   * What is to be levelled, the most important first; each says by pCPU which unit it belongs to: the pCPUs
   * themselves (`[0, 1, 2, 3]`), or the cores of SMT threads (`[0, 1, 0, 1]`). Default: the pCPUs.
   */
  readonly levels?: readonly (readonly number[])[]
}

/** A placement, by its figures. */
export interface OracleAnswer {
  readonly moves: number
  /** By level: standard deviation of the units' loads as a fraction of their mean. */
  readonly deviations: readonly number[]
}

/** Slack for what a solver of linear programs calls equal; of the squared deviation, in units of the mean. */
const equal = 1e-7
/** Where the parabola is approximated at first, in units of the mean. */
const firstTangents = [-1, -0.5, -0.2, -0.05, 0, 0.05, 0.2, 0.5, 1, 2]

/**
 * The least deviation there is (of the first level, then of the next with the first as good as it can be), and the
 * fewest moves that lead there; with `mostMoves`, of the placements that are no more moves away.
 */
export function leastDeviation(problem: OracleProblem, mostMoves?: number): OracleAnswer {
  const goals: number[] = []
  for (const level of levelsOf(problem).keys()) {
    goals.push(search(problem, { minimise: level, goals, mostMoves })!.deviations[level]!)
  }
  return search(problem, { minimise: 'moves', goals, mostMoves })!
}

/** The fewest moves after which each level's deviation is at most its goal; undefined: there is no such placement. */
export function fewestMoves(problem: OracleProblem, goals: readonly number[]): number | undefined {
  return search(problem, { minimise: 'moves', goals })?.moves
}

interface Target {
  readonly minimise: number | 'moves'
  /** By level, most deviation as a fraction of the mean. */
  readonly goals: readonly number[]
  readonly mostMoves?: number | undefined
}

/** vCPUs that are alike in all: how many of them go where is all that matters. */
interface Kind extends OracleVcpu {
  readonly allowed: readonly boolean[]
  readonly count: number
}

function levelsOf({ levels, fixed }: OracleProblem): readonly (readonly number[])[] {
  return levels ?? [fixed.map((_, pcpu) => pcpu)]
}

/**
 * A mixed-integer linear program: how many vCPUs of each kind go to each pCPU. A squared deviation is bounded from
 * below by tangents of the parabola; where the answer lies above them, a tangent is added there and it is solved
 * again, so that the end is exact.
 */
function search(problem: OracleProblem, target: Target): OracleAnswer | undefined {
  const kinds = kindsOf(problem)
  const levels = levelsOf(problem).map((unitOf) => new Level(problem, kinds, unitOf))
  for (;;) {
    const counts = solve(problem, kinds, levels, target)
    if (!counts) return undefined
    let exact = true
    const deviations = levels.map((level, number) => {
      const excess = level.excess(counts)
      const squares = excess.reduce((sum, each) => sum + each * each, 0)
      const goal = target.goals[number]
      const missed = goal !== undefined && squares > limitOf(goal, excess.length) + equal
      if (missed || (target.minimise === number && squares > level.estimate(excess) + equal)) {
        level.tangents.push(...excess)
        exact = false
      }
      return Math.sqrt(squares / excess.length)
    })
    if (exact) return { moves: movesOf(kinds, counts), deviations }
  }
}

function limitOf(goal: number, units: number): number {
  return goal * goal * units + equal
}

/** One level of a problem, with its loads in units of their mean and from the mean: 0 is level. */
class Level {
  readonly #unitOf: readonly number[]
  readonly #kinds: readonly Kind[]
  readonly #mean: number
  readonly #fixed: readonly number[]
  /** Where tangents touch the parabola. */
  readonly tangents = [...firstTangents]

  constructor({ fixed, vcpus }: OracleProblem, kinds: readonly Kind[], unitOf: readonly number[]) {
    this.#unitOf = unitOf
    this.#kinds = kinds
    const units = new Set(unitOf).size
    const total = sum(fixed) + sum(vcpus.map(({ demand }) => demand))
    this.#mean = total > 0 ? total / units : 1
    this.#fixed = Array.from({ length: units }, (_, unit) =>
      sum(fixed.filter((_load, pcpu) => unitOf[pcpu] === unit)),
    )
  }

  get units(): number {
    return this.#fixed.length
  }

  excess(counts: Counts): number[] {
    const loads = this.#fixed.slice()
    for (const [kind, { demand }] of this.#kinds.entries()) {
      for (const [pcpu, count] of counts[kind]!.entries()) loads[this.#unitOf[pcpu]!]! += demand * count
    }
    return loads.map((load) => load / this.#mean - 1)
  }

  /** What the tangents make of the sum of squares. */
  estimate(excess: readonly number[]): number {
    return sum(excess.map((at) => Math.max(0, ...this.tangents.map((t) => 2 * t * at - t * t))))
  }

  /** Rows that tie `e` (excess) of each unit to the counts, and `q` (its square) to `e`. */
  rows(number: number): string[] {
    return this.#fixed.flatMap((fixed, unit) => {
      const parts = this.#kinds.flatMap(({ demand, allowed }, kind) =>
        allowed.flatMap((may, pcpu) =>
          may && this.#unitOf[pcpu] === unit ? [term(demand / this.#mean, `n${kind}_${pcpu}`)] : [],
        ),
      )
      const [e, q] = [`e${number}_${unit}`, `q${number}_${unit}`]
      return [
        `${parts.join(' ')} - ${e} = ${figure(1 - fixed / this.#mean)}`,
        ...[...new Set(this.tangents)].map((t) => `${q} ${term(-2 * t, e)} >= ${figure(-t * t)}`),
      ]
    })
  }
}

/** By kind and pCPU. */
type Counts = readonly (readonly number[])[]

function solve(
  { fixed }: OracleProblem,
  kinds: readonly Kind[],
  levels: readonly Level[],
  { minimise, goals, mostMoves }: Target,
): Counts | undefined {
  const variables = kinds.flatMap(({ allowed }, kind) =>
    allowed.flatMap((may, pcpu) => (may ? [{ name: `n${kind}_${pcpu}`, kind, pcpu }] : [])),
  )
  const moved = variables.filter(({ kind, pcpu }) => kinds[kind]!.home !== pcpu).map(({ name }) => name)
  const squares = (level: number) => Array.from({ length: levels[level]!.units }, (_, u) => `q${level}_${u}`)
  const objective = minimise === 'moves' ? moved : squares(minimise)
  const rows = [
    ...kinds.map(({ count }, kind) => {
      const own = variables.filter((variable) => variable.kind === kind).map(({ name }) => name)
      return `${own.join(' + ')} = ${count}`
    }),
    ...levels.flatMap((level, number) => level.rows(number)),
    ...goals.map((goal, level) => {
      return `${squares(level).join(' + ')} <= ${figure(limitOf(goal, levels[level]!.units))}`
    }),
    ...(mostMoves !== undefined && moved.length > 0 ? [`${moved.join(' + ')} <= ${mostMoves}`] : []),
  ]
  const free = levels.flatMap((level, number) =>
    Array.from({ length: level.units }, (_, unit) => `e${number}_${unit} free`),
  )
  const program = [
    'Minimize',
    ` cost: ${objective.length > 0 ? objective.join(' + ') : `0 ${variables[0]?.name}`}`,
    'Subject To',
    ...rows.map((row, index) => ` r${index}: ${row}`),
    'Bounds',
    ...free.map((bound) => ` ${bound}`),
    'General',
    ` ${variables.map(({ name }) => name).join(' ')}`,
    'End',
  ].join('\n')
  const solution = solver.solve(program, {
    output_flag: false,
    mip_rel_gap: 0,
    mip_abs_gap: equal / 10,
    mip_feasibility_tolerance: 1e-9,
    primal_feasibility_tolerance: 1e-9,
  })
  if (solution.Status === 'Infeasible') return undefined
  if (solution.Status !== 'Optimal') throw new Error(`HiGHS ends with ${solution.Status}:\n${program}`)
  const counts = kinds.map(() => fixed.map(() => 0))
  for (const { name, kind, pcpu } of variables) {
    const column = solution.Columns[name]!
    counts[kind]![pcpu] = Math.round('Primal' in column ? column.Primal : Number.NaN)
  }
  return counts
}

function kindsOf({ vcpus, fixed }: OracleProblem): Kind[] {
  const kinds = new Map<string, Kind>()
  for (const { demand, home, allowed = fixed.map(() => true) } of vcpus) {
    const key = JSON.stringify([demand, home, allowed])
    kinds.set(key, { demand, home, allowed, count: (kinds.get(key)?.count ?? 0) + 1 })
  }
  return [...kinds.values()]
}

function movesOf(kinds: readonly Kind[], counts: Counts): number {
  return sum(kinds.map(({ count, home }, kind) => count - counts[kind]![home]!))
}

function term(factor: number, name: string): string {
  return `${factor < 0 ? '-' : '+'} ${figure(Math.abs(factor))} ${name}`
}

/** The format knows no exponents that every reader agrees on. */
function figure(value: number): string {
  return value.toFixed(12)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
