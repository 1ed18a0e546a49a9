/** Runs of a case in all, where the machine was to blame for each that did not end well. */
const mostRuns = 3

/** What a run ended with, as far as it matters for whether it is repeated. */
export interface Repeatable {
  /** Each thing that was not as it should be, in words. */
  readonly broken: readonly string[]
  /** The machine was not what the run takes it for. */
  readonly disturbed?: unknown
}

/**
 * The rule for what is disturbed: a run that did not end well while the machine was disturbed says nothing and is repeated,
 * twice at most. One that ended badly on a quiet machine has failed, and one that ended well is good however busy the machine was.
 *
 * @param endedWell of a run without a policy: that it failed as it has to
 */
export async function repeatDisturbed<R extends Repeatable>(
  run: () => Promise<R>,
  { endedWell, log }: { readonly endedWell: (result: R) => boolean; readonly log: (line: string) => void },
): Promise<R & { readonly runs: number }> {
  for (let runs = 1; ; runs++) {
    const result = await run()
    if (endedWell(result) || result.disturbed !== true || runs === mostRuns) return { ...result, runs }
    log(`disturbed, run again: ${result.broken.join('; ') || 'it did not fail without a policy'}`)
  }
}
