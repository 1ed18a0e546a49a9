import type { FleetSettings } from '../../fleet/bus/fleet-bus.ts'
import { type Guarded, guardPlan } from '../../fleet/guard/guard.ts'
import { withoutCoolDown } from '../../fleet/loop/way-back.ts'
import { requestedPlan } from '../../fleet/plan/requested-plan.ts'
import { fleetSentenceOf } from '../../fleet/reasons/fleet-reasons.ts'
import { printableJson } from '../../util/printable.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { UsageError, WorkFailed } from '../exit-codes.ts'
import { asker, fleetOf, openBus, presentFleet } from './ask.ts'
import { guestNamed, hostNamed } from './lookup.ts'
import type { FleetOptions, RequestOptions } from './options.ts'
import { planNow, showPlan } from './plan.ts'

/** `ballast fleet drain HOST` */
export async function drain(context: CliContext, text: string, options: RequestOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const asked = { since: Date.now(), by: asker() }
  const { view } = await presentFleet(bus, fleet.rules, (settings, view) =>
    withDraining(settings, hostNamed(view, text).uuid, asked),
  )
  const { uuid, name } = hostNamed(view, text)
  if (options.dryRun) {
    showPlan(context, options, guardPlan(view, planNow(fleet.policy.policy, view)))
    return
  }
  const settings = await bus.settings.update((settings) => withDraining(settings, uuid, asked))
  const guests = view.guests.filter((guest) => guest.host.uuid === uuid).length
  say(context, options, settings, `${name} is to be empty: ${guests} guests leave it, and none comes`)
  await noticeLeader(context, bus)
}

function withDraining(
  settings: FleetSettings,
  uuid: string,
  asked: { readonly since: number; readonly by: string },
): FleetSettings {
  return { ...settings, draining: { ...settings.draining, [uuid]: settings.draining[uuid] ?? asked } }
}

/** `ballast fleet undrain HOST` */
export async function undrain(context: CliContext, text: string, options: RequestOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const { view, settings } = await presentFleet(bus, fleet.rules)
  // One that does not report any more is known by its UUID alone.
  const uuid = text.toLowerCase() in settings.draining ? text.toLowerCase() : hostNamed(view, text).uuid
  if (!(uuid in settings.draining)) throw new UsageError(`${text} is not asked to be empty`)
  if (options.dryRun) {
    say(context, options, settings, `${text} would take guests again`)
    return
  }
  const changed = await bus.settings.update(({ draining, ...rest }) => ({
    ...rest,
    draining: Object.fromEntries(Object.entries(draining).filter(([host]) => host !== uuid)),
  }))
  say(context, options, changed, `${text} takes guests again`)
}

/** `ballast fleet move GUEST HOST` */
export async function move(
  context: CliContext,
  guestText: string,
  hostText: string,
  options: RequestOptions,
): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const { view, settings } = await presentFleet(bus, fleet.rules)
  const guest = guestNamed(view, guestText)
  const to = hostNamed(view, hostText)
  const by = asker()
  const plan = requestedPlan(view, guest.uuid, to.uuid, by)
  const guarded = guardPlan(withoutCoolDown(view, plan.steps), plan)
  const refusal = refusalOf(guarded)
  if (refusal !== undefined) throw new WorkFailed(`${guest.name} is not moved to ${to.name}: ${refusal}`)
  if (options.dryRun) {
    showPlan(context, options, guarded)
    return
  }
  if (settings.paused) throw new WorkFailed(`the fleet is paused by ${settings.paused.by}: resume it first`)
  const changed = await bus.settings.update((present) => ({
    ...present,
    moves: { ...present.moves, [guest.uuid]: { to: to.uuid, since: Date.now(), by } },
  }))
  say(context, options, changed, `${guest.name} is to move from ${guest.host.name} to ${to.name}`)
  await noticeLeader(context, bus)
}

/** Why nothing comes of what was asked for; undefined: it may be done. */
function refusalOf({ plan, denied }: Guarded): string | undefined {
  const [first] = denied
  if (first) return fleetSentenceOf(first.reason)
  const [problem] = plan.problems ?? []
  if (plan.steps.length > 0) return undefined
  return fleetSentenceOf(problem?.reason ?? plan.reason)
}

/** `ballast fleet pause` */
export async function pause(context: CliContext, options: RequestOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const paused = { since: Date.now(), by: asker() }
  const settings = await bus.settings.read()
  if (options.dryRun) {
    say(context, options, settings, 'the fleet would be paused')
    return
  }
  const changed = await bus.settings.update((present) => ({ ...present, paused: present.paused ?? paused }))
  say(
    context,
    options,
    changed,
    'the fleet is paused: what moves ends as it would, and nothing more is moved',
  )
}

/** `ballast fleet resume` */
export async function resume(context: CliContext, options: RequestOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const settings = await bus.settings.read()
  if (!settings.paused) throw new UsageError('the fleet is not paused')
  if (options.dryRun) {
    say(context, options, settings, 'the fleet would go on')
    return
  }
  const changed = await bus.settings.update(({ paused, ...rest }) => rest)
  say(context, options, changed, 'the fleet goes on')
}

function say(context: CliContext, { json }: FleetOptions, settings: FleetSettings, text: string): void {
  writeLines(context, [json ? printableJson(JSON.stringify(settings)) : text])
}

/** What is asked for waits until somebody leads. */
async function noticeLeader(context: CliContext, bus: Awaited<ReturnType<typeof openBus>>): Promise<void> {
  if ((await bus.leader()) === undefined)
    logNotice(context, 'nobody leads the fleet now: it waits until one does')
}
