import { resolve } from 'node:path'
import type { AutopilotOptions } from '../control/autopilot.ts'
import { fileJournal } from '../control/file-journal.ts'
import { holdHost } from '../control/hold.ts'
import type { Resource } from '../control/holder.ts'
import { size } from '../report/format.ts'
import { Narrator } from '../report/narrator.ts'
import { cleanly } from './clean-end.ts'
import { openHost, tellOfConnection } from './connection.ts'
import { UsageError } from './exit.ts'
import { journalPath } from './journal-path.ts'
import { walk } from './loop.ts'
import type { ControlOptions, CpuOptions } from './options.ts'
import { type World, writeLines } from './world.ts'

/**
 * Runs policies on the host, as its only controller, until its ticks are done or the user stops it, and tells
 * what it does. At the end guests get back what they had, unless they are to keep it. `told` is what another who asks hears of it.
 */
export async function control(
  world: World,
  options: ControlOptions & CpuOptions,
  pilot: Pick<AutopilotOptions, 'interval' | 'scheduler' | 'ballooning' | 'hostReserve'>,
  told: { readonly command: string; readonly policies: readonly string[] },
): Promise<void> {
  const dryRun = options.dryRun ?? false
  // What changes nothing needs no more rights than watching does.
  const host = await openHost(world, options, { readOnly: dryRun, stays: true })
  if (!host) return
  await using _host = host
  tellOfConnection(world, host)
  if (pilot.hostReserve !== undefined && pilot.hostReserve >= host.topology.memory) {
    throw new UsageError(`--reserve must be below the memory of the host, ${size(host.topology.memory)}`)
  }
  const { respectPins, reservedCpus } = options
  const { online } = host.topology
  if (reservedCpus && !(reservedCpus.isSubsetOf(online) && !online.isSubsetOf(reservedCpus))) {
    throw new UsageError(`--reserved-cpus must be some of the pCPUs of the host, ${online}, and not all`)
  }
  const path = resolve(journalPath(options.journal, host.uri, world.env))
  const resources: Resource[] = []
  if (pilot.scheduler) resources.push('vcpus')
  if (pilot.ballooning) resources.push('memory')
  // A dry run changes nothing, so it is in nobody's way, and there is nothing to write down.
  await using _hold = dryRun ? undefined : await holdHost(host, { ...told, resources, journal: path })
  const journal = dryRun ? undefined : fileJournal(path)
  const narrator = new Narrator()
  let changed = false
  const work = () =>
    walk(world, host, options, { ...pilot, respectPins, reservedCpus, dryRun, journal }, (tick) => {
      changed ||= tick.outcomes.some(({ status }) => status === 'applied')
      const errors = tick.errors.filter(({ code }) => code !== 'ERR_DISCONNECTED') // told already
      writeLines(world, narrator.lines({ ...tick, errors }))
    })
  if (!journal) await work()
  else await cleanly(world, options, { host, journal, path, resources, hasChanged: () => changed }, work)
}
