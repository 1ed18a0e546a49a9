import { type AutopilotOptions, autopilot } from '../control/autopilot.ts'
import { globMatcher } from '../control/glob.ts'
import type { Tick } from '../control/tick.ts'
import { counted } from '../control/words.ts'
import { BallastError, type ErrorCode } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import { tickJson } from '../report/tick-json.ts'
import { WorkFailed } from './exit.ts'
import type { LoopOptions } from './options.ts'
import { note, type World, writeLines } from './world.ts'

/**
 * Walks the ticks of `autopilot` and shows each, as JSON or by `show`, until they are done or the user stops
 * them. Returns whether the user did. Throws what ended the loop, and {@link WorkFailed} when in the last of
 * `--ticks` something still failed.
 */
export async function walk(
  world: World,
  host: Host,
  options: LoopOptions,
  pilot: AutopilotOptions,
  show: (tick: Tick) => void,
): Promise<boolean> {
  let last: Tick | undefined
  for await (const tick of autopilot(host, { ...pilot, ...pick(options), signal: world.signal })) {
    if (options.json) writeLines(world, [tickJson(tick)])
    else show(tick)
    if (tick.index === 0) noteMissing(world, options, tick)
    throwIfHopeless(tick)
    last = tick
  }
  if (world.signal.aborted) {
    const ticks = counted((last?.index ?? -1) + 1, 'tick')
    if (world.signal.reason !== 'EPIPE') note(world, `stopped after ${ticks}`)
    return true
  }
  throwIfFailed(last)
  return false
}

function pick({ ticks, domains }: LoopOptions): Pick<AutopilotOptions, 'ticks' | 'domains'> {
  return { ticks, domains }
}

function noteMissing(world: World, { domains }: LoopOptions, { view }: Tick): void {
  if (domains === undefined) return
  const matches = globMatcher(domains)
  if (!view.domains.some((domain) => matches(domain.name))) {
    note(world, `no running guest matches --domains ${JSON.stringify(domains)}: nothing is changed`)
  }
}

/** What will not be otherwise in the next tick, and what can be done about it. */
const cures: { readonly [K in ErrorCode]?: string } = {
  ERR_PERMISSION_DENIED: 'run ballast as root or as a member of the group libvirt, or with --dry-run',
  ERR_JOURNAL: 'choose another file with --journal',
}

/** Throws when nothing could be done in this tick, for a reason that lasts. */
function throwIfHopeless({ outcomes }: Tick): void {
  const errors = outcomes.flatMap(({ error }) => (error && cures[error.code] ? error : []))
  const first = errors[0]
  if (!first || errors.length < outcomes.length) return
  throw new BallastError(first.code, `${first.message}; ${cures[first.code]}`, { cause: first })
}

function throwIfFailed(tick: Tick | undefined): void {
  if (!tick) return
  const errors = [...tick.errors, ...tick.outcomes.flatMap(({ error }) => error ?? [])]
  if (errors.length > 0) {
    throw new WorkFailed(`${counted(errors.length, 'thing')} failed in the last tick: ${errors[0]!.message}`)
  }
}
