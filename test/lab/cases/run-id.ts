import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { Host } from '../../../lib/host/host.ts'
import type { DomainIdentity } from '../../../lib/host/sample.ts'
import { connect } from '../../../lib/libvirt/connect.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import type { GuestOptions } from '../domain-xml.ts'
import type { Guest } from '../guest.ts'
import { until } from '../processes.ts'
import { virsh } from '../virsh.ts'
import type { CaseResult, Stage } from './case.ts'

const interval = 1_000
const ticks = 4
const names = ['aos_vm1', 'aos_vm2']
const shrunk = 208 * MiB

/** Pins every vCPU to one pCPU. */
const pinning = (pcpu: number) => (view: View) => view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(pcpu), 'lab'))
const shrinking = (view: View) => view.domains.map((domain) => setMemory(domain, shrunk, 'lab'))

/**
 * Two guests of 256 MiB that their owner pins to pCPU 0. A controller pins them to 1, shrinks them and is gone without
 * restoring. Guests and daemon end, and all are started anew: the ids repeat. Now the owner pins the guests to 1. Nothing
 * of the run before may be restored, and a controller that respects pins leaves them on 1.
 */
export async function RUN_ID(stage: Stage): Promise<CaseResult> {
  const { lab, options } = stage
  const guests = names.map((name) => ({ name, uuid: randomUUID(), memoryMiB: 256, maximumMiB: 256 }))
  const directory = await mkdtemp(join(tmpdir(), 'ballast-run-id-'))
  const path = join(directory, 'journal')
  try {
    await stage.fresh([])
    await startInOrder(stage, guests, '0')
    const policies = { scheduler: pinning(1), ballooning: shrinking }
    const first = { interval, ticks, respectPins: false, journal: fileJournal(path) }
    const before = new Map<string, DomainIdentity>()
    for await (const { view } of stage.pilot({ ...first, ...policies })) remember(before, view)
    const changes = (await fileJournal(path).entries()).length
    options.log(`${changes} settings changed; guests and libvirtd end`)
    for (const name of names) await (await lab.guest(name)).destroy()
    await until('the guests are gone', 60_000, async () => (await lab.guests()).length === 0)
    await lab.daemon.end('SIGTERM')
    await lab.daemon.start()

    await startInOrder(stage, guests, '1')
    await using host = await connect(lab.uri)
    const report = await restore(host, fileJournal(path))
    const pinsRestored = await pinsOf(stage)
    const sizes = (await host.sampleMemory()).actual
    const after = new Map<string, DomainIdentity>()
    await respecting(host, stage, path, after)
    const pinsAfter = await pinsOf(stage)
    const repeated = guests.filter(({ uuid }) => before.get(uuid)?.id === after.get(uuid)?.id).length
    const told = guests.filter(({ uuid }) => before.get(uuid)?.run !== after.get(uuid)?.run).length
    const broken = [
      ...(changes >= 3 * guests.length ? [] : [`only ${changes} settings were changed in the first run`]),
      ...(repeated === guests.length ? [] : [`only ${repeated} guests got the id of before`]),
      ...(told === guests.length ? [] : [`${guests.length - told} runs were taken for the ones before`]),
      ...(report.restored.length === 0
        ? []
        : [`${report.restored.length} settings of the run before restored`]),
      ...(report.ended.length === changes ? [] : [`${report.ended.length} of ${changes} said to have ended`]),
      ...(pinsRestored.every((cpus) => cpus === '1')
        ? []
        : [`pins after restore: ${pinsRestored.join(' ')}`]),
      ...(sizes.every((bytes) => bytes === 256 * MiB) ? [] : ['a balloon was changed']),
      ...(pinsAfter.every((cpus) => cpus === '1') ? [] : [`pins in the second run: ${pinsAfter.join(' ')}`]),
    ]
    return {
      case: 'RUN-ID',
      passed: broken.length === 0,
      guests: guests.length,
      settingsChanged: changes,
      idsRepeated: repeated,
      runsTold: told,
      restored: report.restored.length,
      ended: report.ended.length,
      pinsRestored,
      pinsAfter,
      broken,
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** One after the other, since ids are given in the order of starting. */
async function startInOrder(
  { lab }: Stage,
  guests: readonly GuestOptions[],
  pinnedTo: string,
): Promise<void> {
  const started: Guest[] = []
  for (const guest of guests) started.push(await lab.launch({ ...guest, pinnedTo }))
  await Promise.all(started.map((guest) => guest.ready()))
}

/** A controller with the journal of the run before that wants pCPU 0, and may not take what the owner did not give. */
async function respecting(
  host: Host,
  { lab, options }: Stage,
  path: string,
  seen: Map<string, DomainIdentity>,
): Promise<void> {
  const control = {
    interval,
    ticks,
    respectPins: true,
    match: lab.domains,
    journal: fileJournal(path),
    scheduler: pinning(0),
  }
  for await (const { view, summary } of autopilot(host, control)) {
    options.log(summary)
    remember(seen, view)
  }
}

function remember(seen: Map<string, DomainIdentity>, { domains }: View): void {
  for (const domain of domains) seen.set(domain.uuid, domain)
}

/** The first vCPU's pin of each guest, as libvirt has it. */
async function pinsOf({ lab }: Stage): Promise<string[]> {
  const pinOf = async (name: string) => {
    const { domain } = await lab.guest(name)
    return /^\s*0\s+(\S+)$/m.exec(await virsh(lab.uri, 'vcpupin', domain))?.[1] ?? 'unknown'
  }
  return await Promise.all(names.map(pinOf))
}
