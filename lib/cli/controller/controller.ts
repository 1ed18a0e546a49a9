import { resolve } from 'node:path'
import { lockHost } from '../../control/host-lock/host-lock.ts'
import { fileJournal } from '../../control/journal/file-journal.ts'
import { type JournalEntry, resourceOf } from '../../control/journal/journal.ts'
import type { Tick } from '../../control/tick.ts'
import { counted } from '../../util/format.ts'
import { closing, logConnection, openHost } from '../connection.ts'
import { type CliContext, logNotice } from '../context.ts'
import type { FleetMember, MemberOptions } from '../fleet/member.ts'
import { journalPath } from '../journal-path.ts'
import { createLogger } from '../log.ts'
import { rememberRecent } from '../recent/remember.ts'
import { assertRecordable } from '../recording/directory.ts'
import { openRecorder } from '../recording/recorder.ts'
import { Permissions } from './permissions.ts'
import { Reloads } from './reload.ts'
import { assertFits, assertReplaces, resourcesOf, type Setup } from './setup.ts'
import { runThenRestore } from './shutdown.ts'
import { Service } from './systemd.ts'
import { runTicks } from './ticks.ts'
import { startWatchers } from './watchers.ts'

/**
 * Runs policies on the host, as its only controller, until its ticks are done or the user stops it, and tells
 * what it does. At the end guests get back what they had, unless they are to keep it. With `read`, each SIGHUP has it read what to do anew, and go on with that.
 */
export async function control(context: CliContext, setup: Setup, read?: () => Promise<Setup>): Promise<void> {
  using service = new Service(context)
  const { dryRun = false } = setup.options
  const resources = resourcesOf(setup)
  // A dry run that changes nothing is in nobody's way, and there is nothing to write down.
  const changesNothing = resources.length === 0
  const { record } = setup.options
  if (record !== undefined) await assertRecordable(setup.nameOf('record'), record)
  // What changes nothing needs no more rights than watching does.
  const host = await openHost(context, setup.options, { readOnly: changesNothing, stays: true })
  if (!host) return
  await using _host = closing(host)
  assertFits(setup, host.topology)
  let tells = await createLogger(context, setup.options)
  const speaking = {
    ...context,
    get log() {
      return tells.log
    },
  }
  logConnection(speaking, host)
  const path = resolve(journalPath(setup.options.journal, host.uri, context.env))
  using lock = changesNothing
    ? undefined
    : await lockHost(host, { ...setup.lockInfo, resources, journal: path }, context.lockPlaces)
  // What is served has an address to be told only once nobody else has the host.
  await using watchers = await startWatchers(speaking, setup, host)
  const journal = changesNothing ? undefined : fileJournal(path)
  using reloads =
    read &&
    new Reloads(speaking, {
      read,
      assertMayReplace(next) {
        assertFits(next, host.topology)
        assertReplaces(next, setup)
      },
      service,
    })
  let changed = false
  let walked = 0
  let regularTicks = 0
  const permissions = new Permissions(host)
  const places = { directory: record, beside: watchers.tape }
  await using recorder =
    places.directory === undefined && places.beside === undefined
      ? undefined
      : openRecorder(speaking, permissions.host, places)
  await using recent = lock && (await rememberRecent(speaking, lock))
  await using member =
    setup.fleet &&
    (await startMember(speaking, {
      fleet: setup.fleet,
      uri: host.uri,
      dryRun,
      journal,
      cpuCount: () => host.topology.cpuCount,
    }))
  if (member) watchers.watchFleet(() => member.figures)
  let isAdvised = !changesNothing
  const advise = ({ skipped }: Tick) => {
    const silent = skipped.filter(({ reason }) => reason.kind === 'no-statistics-period')
    if (isAdvised || silent.length === 0) return
    isAdvised = true
    const guests = counted(silent.length, 'guest')
    const cure = '--stats-period lets a dry run give them one, which is restored at the end'
    logNotice(speaking, `${guests} without a statistics period, so nothing is known of their memory: ${cure}`)
  }
  const seen = (tick: Tick) => {
    permissions.assertSome(tick.view)
    service.tick(tick)
    watchers.observe(tick)
    recent?.observe(tick)
    member?.observe(tick)
    walked++
    if (tick.cause === 'interval') regularTicks++
  }
  /** Gives what to go on with. */
  const walkBy = async (next: Setup): Promise<Setup | undefined> => {
    const { options, pilot, configuration, lockInfo: told } = next
    const { ticks } = options
    const left = ticks === undefined ? undefined : ticks - regularTicks
    tells = await createLogger(context, options)
    lock?.tell(told.policies)
    service.begin(pilot.interval)
    watchers.begin(next)
    recent?.begin(host.clock.now())
    const show = (tick: Tick) => {
      advise(tick)
      changed ||= tick.outcomes.some(({ status }) => status === 'applied')
      const errors = tick.errors.filter(({ code }) => code !== 'ERR_DISCONNECTED') // told already
      tells.tick({ ...tick, errors })
    }
    const signal = reloads ? AbortSignal.any([context.signal, reloads.signal]) : context.signal
    const isStopped = await runTicks(
      { ...context, log: tells.log, signal },
      permissions.host,
      { ...options, ticks: left },
      { ...pilot, journal: member?.journal ?? journal },
      show,
      { before: walked, seen, run: recorder?.run(configuration) },
    )
    const goesOn = isStopped && !context.signal.aborted && (ticks === undefined || regularTicks < ticks)
    return goesOn ? reloads?.take() : undefined
  }
  const work = async () => {
    let present: Setup | undefined = setup
    try {
      while (present) present = await walkBy(present)
    } catch (error) {
      watchers.failed(error)
      throw error
    }
  }
  if (!journal) await work()
  else {
    await runThenRestore(
      speaking,
      setup.options,
      {
        host,
        journal,
        resources,
        // Balloons and pins of an earlier run are not a dry run's to restore.
        concerns: (entry) => resources.includes(resourceOf(entry)) && (!dryRun || isPeriod(entry)),
        hasChanged: () => changed,
      },
      work,
    )
  }
}

/** Loaded where there is a fleet. */
async function startMember(
  context: CliContext,
  options: Omit<MemberOptions, 'migration'>,
): Promise<FleetMember> {
  const { startMember } = await import('../fleet/member.ts')
  return await startMember(context, options)
}

function isPeriod({ kind }: JournalEntry): boolean {
  return kind === 'memoryStatsPeriod'
}
