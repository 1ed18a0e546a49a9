import { type Build, baselineTree, currentTree, startBuild, takeTurnsOfBuilds } from './baseline.ts'
import { type BuildSpreads, ratioOf, spreadsOfBuilds } from './build-spreads.ts'
import type { Answer, Question, SampledPass } from './sampling-child.ts'

/** The most that a pass may take, as a part of what the baseline takes. */
export const samplingRatioLimit = 1.1
/** Turns before those that count: connections, caches and compilers get warm. */
const warmUpTurns = 2
/** How often a turn makes each pass: so often that it takes some milliseconds. */
const times: Readonly<Record<SampledPass, number>> = { cpuProc: 20, cpuLibvirt: 2, full: 1 }

/** What a pass costs in both builds, on one host. */
export interface SampledBuilds {
  readonly pass: SampledPass
  /** Milliseconds for one pass. */
  readonly ms: BuildSpreads
  /** Of the medians. */
  readonly ratio: number
  readonly passed: boolean
}

/** Both builds, in processes and with connections of their own. */
export class SamplingBuilds implements Disposable {
  readonly #baseline: Build<Question, Answer>
  readonly #current: Build<Question, Answer>

  private constructor(baseline: Build<Question, Answer>, current: Build<Question, Answer>) {
    this.#baseline = baseline
    this.#current = current
  }

  /** Starts both; at the first time the baseline's addon is built, which takes a minute. */
  static async start(): Promise<SamplingBuilds> {
    const script = new URL('./sampling-child.ts', import.meta.url)
    const tree = await baselineTree({ addon: true })
    return new SamplingBuilds(startBuild(script, tree), startBuild(script, currentTree))
  }

  /** Has both make each pass over the `domains` at `uri`, turn by turn. */
  async measure(uri: string, domains: number, turns: number): Promise<SampledBuilds[]> {
    const figures: SampledBuilds[] = []
    for (const pass of Object.keys(times) as SampledPass[]) {
      const question = { uri, pass, domains, times: times[pass] }
      const answers = await takeTurnsOfBuilds(this.#baseline, this.#current, question, warmUpTurns + turns)
      const ms = spreadsOfBuilds(answers, warmUpTurns, (answer) => [answer])
      const ratio = ratioOf(ms)
      figures.push({ pass, ms, ratio, passed: ratio <= samplingRatioLimit })
    }
    return figures
  }

  [Symbol.dispose](): void {
    this.#baseline[Symbol.dispose]()
    this.#current[Symbol.dispose]()
  }
}
