import { type AutopilotOptions, autopilot } from '../control/autopilot.ts'
import { globMatcher } from '../control/glob.ts'
import type { Tick } from '../control/tick.ts'
import { counted } from '../control/words.ts'
import { BallastError } from '../host/errors.ts'
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
    throwIfDenied(tick)
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

/** A connection that may not change anything will not be allowed to in the next tick either. */
function throwIfDenied({ outcomes }: Tick): void {
  const denied = outcomes.filter(({ error }) => error?.code === 'ERR_PERMISSION_DENIED')
  if (denied.length > 0 && denied.length === outcomes.length) throw denied[0]!.error
}

function throwIfFailed(tick: Tick | undefined): void {
  if (!tick) return
  const errors = [...tick.errors, ...tick.outcomes.flatMap(({ error }) => error ?? [])]
  if (errors.length > 0) {
    throw new WorkFailed(`${counted(errors.length, 'thing')} failed in the last tick: ${errors[0]!.message}`)
  }
}

/** Throws `ERR_PERMISSION_DENIED` for a connection that can only look. */
export function requireWritable(host: Host): void {
  if (host.readOnly) {
    throw new BallastError('ERR_PERMISSION_DENIED', `the connection to ${host.uri} is read-only`)
  }
}
