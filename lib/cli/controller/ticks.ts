import { type AutopilotOptions, autopilot } from '../../control/autopilot.ts'
import type { Tick } from '../../control/tick.ts'
import { BallastError, type ErrorCode } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { tickJson } from '../../report/tick-json.ts'
import { counted } from '../../util/format.ts'
import { globMatcher } from '../../util/glob.ts'
import { type CliContext, note, writeLines } from '../context.ts'
import { WorkFailed } from '../exit-codes.ts'
import type { LoopOptions } from '../options.ts'

/** What goes beyond one walk. */
export interface RunTicksOptions {
  /** Ticks of walks before this one. Default 0. */
  readonly before?: number
  /** Is handed each Tick once it was shown. */
  readonly seen?: (tick: Tick) => void
}

/**
 * Walks the ticks of `autopilot` and shows each, as JSON or by `show`, until they are done or the user stops
 * them. Returns whether the user did. Throws what ended the loop, and {@link WorkFailed} when in the last of
 * `--ticks` something still failed.
 */
export async function runTicks(
  world: CliContext,
  host: Host,
  options: LoopOptions,
  pilot: AutopilotOptions,
  show: (tick: Tick) => void,
  { before = 0, seen }: RunTicksOptions = {},
): Promise<boolean> {
  const controls = pilot.scheduler || pilot.ballooning || pilot.ksm
  using _ = controls ? await world.endWhenHung?.(hungAfter(pilot)) : undefined
  let last: Tick | undefined
  for await (const tick of autopilot(host, { ...pilot, ...pick(options), signal: world.signal })) {
    if (options.json) writeLines(world, [tickJson(tick)])
    else show(tick)
    seen?.(tick)
    if (tick.index === 0) noteMissing(world, options, tick)
    throwIfHopeless(tick)
    last = tick
  }
  if (world.signal.aborted) {
    const ticks = counted(before + (last?.index ?? -1) + 1, 'tick')
    const { reason } = world.signal
    if (reason !== 'EPIPE' && reason !== 'reload') {
      note(world, `stopped after ${ticks}`, { event: 'stopped', level: 'info' })
    }
    return true
  }
  throwIfFailed(last)
  return false
}

/** Milliseconds in which a controller comes back to its event loop, however much there is to work out. */
function hungAfter({ interval }: AutopilotOptions): number {
  return Math.max(30_000, 10 * interval)
}

function pick({ ticks, domains }: LoopOptions): Pick<AutopilotOptions, 'ticks' | 'match'> {
  return { ticks, match: domains }
}

function noteMissing(world: CliContext, { domains }: LoopOptions, { view }: Tick): void {
  if (domains === undefined) return
  const matches = globMatcher(domains)
  if (!view.domains.some((domain) => matches(domain.name))) {
    note(world, `no running guest matches --domains ${JSON.stringify(domains)}`)
  }
}

/** What will not be otherwise in the next tick, and what can be done about it. */
const cures: { readonly [K in ErrorCode]?: string } = {
  ERR_PERMISSION_DENIED: 'run ballast as root or as a member of the group libvirt, or with --dry-run',
  ERR_JOURNAL: 'choose another file with --journal',
}

/** Throws when something cannot be done for a reason that lasts, and nothing else was done. */
function throwIfHopeless(tick: Tick): void {
  const hopeless = errorsOf(tick).find((error) => cures[error.code] !== undefined)
  if (!hopeless || tick.outcomes.some(({ status }) => status === 'applied')) return
  throw new BallastError(hopeless.code, `${hopeless.message}; ${cures[hopeless.code]}`, { cause: hopeless })
}

function throwIfFailed(tick: Tick | undefined): void {
  if (!tick) return
  const errors = errorsOf(tick)
  if (errors.length > 0) {
    throw new WorkFailed(`${counted(errors.length, 'thing')} failed in the last tick: ${errors[0]!.message}`)
  }
}

function errorsOf({ errors, outcomes }: Tick): readonly BallastError[] {
  return [...errors, ...outcomes.flatMap(({ error }) => error ?? [])]
}
