import { autopilot } from '../../../lib/control/autopilot.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { LibvirtError } from '../../../lib/host/errors.ts'
import type { Host } from '../../../lib/host/host.ts'
import { connect } from '../../../lib/libvirt/connect.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { placeOf } from '../../../lib/view/cpu/placement.ts'
import { LabCpuset } from '../cpuset.ts'
import { interval } from './balance-run.ts'
import type { CaseResult, Stage } from './case.ts'
import { start } from './load.ts'

/** Ticks in which the host has to come to its level, and ticks that it is watched for then. */
const toLevel = 12
const watched = 10

/**
 * Four guests that never sleep, all on the first pCPU, in a cpuset that has that pCPU alone; then it is widened, narrowed
 * and widened again. First the cpuset can be read, then only libvirt is asked, as of a remote host: there it has to be
 * learned, by one refused pin for each pCPU. Last their owner's pins are restored.
 */
export async function CPUSET(stage: Stage): Promise<CaseResult> {
  const reason = LabCpuset.unavailable()
  if (reason !== undefined) throw new Error(reason)
  const [first, second] = [...stage.host.topology.online]
  if (second === undefined) throw new Error('With a single pCPU there is nothing to keep guests from')
  const [narrow, wide] = [`${first}`, `${first},${second}`]
  const guests = await stage.guests(4)
  await Promise.all(guests.map((guest) => guest.pin(narrow)))
  await start(
    guests,
    guests.map(() => ({ kind: 'spin' }) as const),
  )
  await using cpuset = await LabCpuset.around(guests, narrow)
  const names = guests.map(({ domain }) => domain)
  const broken: string[] = []
  const expect = (what: string, isSo: boolean) => {
    if (!isSo) broken.push(what)
  }

  const readable = new Pilot(stage, stage.host, names)
  const narrowed = await readable.ticks(watched)
  expect('a cpuset that can be read: a pin was refused', refusedOn(narrowed).length === 0)
  expect('a cpuset that can be read: there was a pin', pins(narrowed) === 0)
  const reasons = narrowed.at(-1)!.view.pcpus.map(({ id, unusable }) => [id, unusable?.kind])
  const told = reasons.some(([id, kind]) => id === second && kind === 'pcpu-outside-cpuset')
  expect('the View does not say that a pCPU is outside of the cpuset', told)
  await cpuset.set(wide)
  const widened = await readable.until(names.length / 2, second)
  expect('it was not levelled after the cpuset was widened', isLevel(widened, names, second))
  await cpuset.set(narrow)
  const again = await readable.ticks(watched)
  const externals = again.flatMap(({ skipped }) => skipped.filter(({ rule }) => rule === 'external-change'))
  expect('what the kernel narrowed was taken for another program’s change', externals.length === 0)
  expect('a pin was refused after it was narrowed', refusedOn(again).length === 0)
  await cpuset.set(wide)
  const [last] = (await readable.ticks(toLevel)).slice(-1)
  expect('it was not levelled after it was widened again', isLevel(last!, names, second))
  await readable.end()
  expect('not all pins were restored', await readable.restored(narrow))

  await cpuset.set(narrow)
  await using asked = await connect(stage.lab.uri, { cpuSource: 'libvirt' })
  const unreadable = new Pilot(stage, asked, names)
  const learned = await unreadable.ticks(toLevel + watched)
  const refused = refusedOn(learned)
  expect('pins were refused more than once for a pCPU', new Set(refused).size === refused.length)
  const idle = learned.slice(-watched)
  expect('it was not idle once it was learned', pins(idle) === 0 && refusedOn(idle).length === 0)
  await unreadable.end()
  expect('not all pins were restored where the cpuset was learned', await unreadable.restored(narrow))
  await cpuset.set(wide)
  const after = await stage.watch({ interval, ticks: 1 }).next()
  const affinities = after.done
    ? []
    : after.value.view.vcpus.filter(({ domain }) => names.includes(domain.name)).map((v) => `${v.affinity}`)
  return {
    case: 'CPUSET',
    passed: broken.length === 0,
    broken,
    guests: guests.length,
    pinsRefusedReadable: refusedOn([...narrowed, ...again]).length,
    pinsRefusedLearned: refused.length,
    pcpusRefused: new Set(refused).size,
    pinsWhileNarrow: pins(narrowed),
    affinitiesAfterwards: affinities,
  }
}

/** One run of the controller, tick by tick. */
class Pilot {
  readonly #stage: Stage
  readonly #host: Host
  readonly #names: readonly string[]
  readonly #journal = memoryJournal()
  readonly #pilot: AsyncGenerator<Tick, void, undefined>
  readonly #narrator = new LogFormatter()

  constructor(stage: Stage, host: Host, names: readonly string[]) {
    this.#stage = stage
    this.#host = host
    this.#names = names
    const scheduler = stage.options.off ? {} : { scheduler: balance() }
    this.#pilot = autopilot(host, {
      interval,
      ...scheduler,
      journal: this.#journal,
      match: stage.lab.domains,
    })
  }

  async ticks(count: number): Promise<Tick[]> {
    const ticks: Tick[] = []
    while (ticks.length < count) {
      const { value } = await this.#pilot.next()
      if (!value) throw new Error('The controller ended by itself')
      for (const line of [value.summary, ...this.#narrator.lines(value)]) this.#stage.options.log(line)
      ticks.push(value)
    }
    return ticks
  }

  /** Until so many are on this pCPU, and for some ticks at most. */
  async until(count: number, pcpu: number): Promise<Tick> {
    for (let tick = 1; ; tick++) {
      const [last] = await this.ticks(1)
      if (crowdOn(last!, this.#names, pcpu) === count || tick === toLevel) return last!
    }
  }

  async end(): Promise<void> {
    await this.#pilot.return()
  }

  /** Restores, and says whether libvirt has all of them pinned to `cpus` then. */
  async restored(cpus: string): Promise<boolean> {
    const { notRestored, external } = await restore(this.#host, this.#journal)
    const domains = (await this.#host.domains()).filter(({ name }) => this.#names.includes(name))
    const pinned = await Promise.all(domains.map(({ uuid }) => this.#host.vcpuPins(uuid)))
    const isPinned = pinned.every((pins) => `${pins.get(0)}` === cpus)
    return isPinned && notRestored.length === 0 && external.length === 0
  }
}

function crowdOn({ view }: Tick, names: readonly string[], pcpu: number): number {
  return view.vcpus.filter((vcpu) => names.includes(vcpu.domain.name) && placeOf(vcpu) === pcpu).length
}

function isLevel(tick: Tick, names: readonly string[], pcpu: number): boolean {
  return crowdOn(tick, names, pcpu) === names.length / 2
}

/** The pCPUs of pins that libvirt refused, one by one; those that were not tried are none. */
function refusedOn(ticks: readonly Tick[]): string[] {
  return ticks.flatMap(({ outcomes }) =>
    outcomes.flatMap(({ action, error }) =>
      action.kind === 'pin' && error instanceof LibvirtError ? [`${action.cpus}`] : [],
    ),
  )
}

/** Pins that were made. */
function pins(ticks: readonly Tick[]): number {
  const all = ticks.flatMap(({ outcomes }) => outcomes)
  return all.filter(({ action, status }) => action.kind === 'pin' && status === 'applied').length
}
