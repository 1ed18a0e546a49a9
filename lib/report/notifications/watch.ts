import type { Tick } from '../../control/tick.ts'
import { sentenceOf } from '../../policy/reason.ts'
import { formatBytes, formatPercent } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { shortage } from '../../view/memory/shortage.ts'
import { ExternalChanges } from '../external-changes.ts'
import { reasonFigures } from '../reason-record.ts'
import { isSampled, type SampledTick } from '../sampled.ts'
import { GainWatch } from './gain.ts'
import { Lasting, type Said } from './lasting.ts'
import type { Notification } from './notification.ts'

/** Milliseconds that a guest does not answer before anybody is told: busy hosts answer late. */
const stuckAfter = 15_000
/** Intervals without a CPU sample after which control counts as lost, unless the connection is known to be. */
const unsampledIntervals = 3
/** Changes of other programs, within {@link externalWindow}, that make it more than somebody's single change. */
const manyExternal = 3
const externalWindow = 15 * 60_000

/** Finds in the Ticks of a run what a person is to know of. An instance belongs to one run. */
export class NotificationWatch {
  readonly #stuck = new Map<string, { readonly name: string; readonly lasting: Lasting }>()
  readonly #memory = new Lasting(0)
  readonly #control = new Lasting(0)
  readonly #balancer = new Lasting(0)
  readonly #futile = new Lasting(0)
  readonly #external = new ExternalChanges()
  readonly #gain = new GainWatch()
  #externalTimes: number[] = []
  #unsampled = 0
  #before: SampledTick | undefined

  /** What this Tick adds. */
  observe(tick: Tick): Notification[] {
    const sampled = { tick, isSampled: isSampled(tick, this.#before) }
    this.#before = sampled
    return [
      ...this.#observeControl(sampled),
      // A View without a sample says again what the one before said.
      ...(sampled.isSampled ? [...this.#observeStuck(tick), ...this.#observeMemory(tick)] : []),
      ...rollbacks(tick),
      ...this.#observeExternal(tick),
      ...this.#observeGain(tick),
    ]
  }

  /** The loop has ended by `message`: nothing is controlled any more. */
  failed(message: string, wallTime: number): Notification[] {
    return this.#control.next(true, wallTime, () => controlLost(message), regained)
  }

  #observeControl({ tick, isSampled }: SampledTick): Notification[] {
    const { cause, errors, wallTime } = tick
    if (cause === 'interval') this.#unsampled = isSampled ? 0 : this.#unsampled + 1
    const isLost =
      errors.some(({ code }) => code === 'ERR_DISCONNECTED') || this.#unsampled >= unsampledIntervals
    const why = errors[0]?.message ?? 'the vCPUs cannot be sampled'
    return this.#control.next(isLost, wallTime, () => controlLost(why), regained)
  }

  #observeStuck({ view, wallTime }: Tick): Notification[] {
    const stuck = new Map(
      view.domains.filter(({ memory }) => memory.hold === 'stuck').map(({ uuid, name }) => [uuid, name]),
    )
    for (const [uuid, name] of stuck) {
      if (!this.#stuck.has(uuid)) this.#stuck.set(uuid, { name, lasting: new Lasting(stuckAfter) })
    }
    return [...this.#stuck].flatMap(([uuid, { name, lasting }]) => {
      const said = (what: string): Said => {
        return { event: 'guest-stuck', domain: name, uuid, text: printable(`${name} ${what}`), figures: {} }
      }
      const told = lasting.next(
        stuck.has(uuid),
        wallTime,
        () => said('is stuck: its QEMU does not answer, and it is skipped'),
        () => said('answers again, or has ended'),
      )
      if (lasting.isOver) this.#stuck.delete(uuid)
      return told
    })
  }

  #observeMemory({ view, wallTime }: Tick): Notification[] {
    const { state, available, reserve } = view.memory
    const said = (text: string): Said => {
      const figures = { state, reserve, ...(available !== undefined && { available }) }
      return { event: 'host-memory-short', text, figures }
    }
    const left = available === undefined ? '' : `, ${formatBytes(available)} available`
    return this.#memory.next(
      shortage(view) > 0,
      wallTime,
      () => said(`the host is short of memory (${state}${left})`),
      () => said(`the host is no longer short of memory (${state}${left})`),
    )
  }

  #observeExternal(tick: Tick): Notification[] {
    const { wallTime } = tick
    const begun = this.#external.begun(tick)
    this.#externalTimes = [
      ...this.#externalTimes.filter((time) => wallTime - time < externalWindow),
      ...begun.map(() => wallTime),
    ]
    const changes = this.#externalTimes.length
    const said = (text: string): Said => ({ event: 'another-balancer', text, figures: { changes } })
    const last = begun.at(-1)
    const where = last?.domain === undefined ? '' : `, last of ${last.domain}`
    const minutes = externalWindow / 60_000
    // Several that one program made at once last until the first of them are out of the window.
    return this.#balancer.next(
      changes >= manyExternal,
      wallTime,
      () =>
        said(
          printable(
            `another program changes what Ballast sets: ${changes} times in ${minutes} minutes${where}`,
          ),
        ),
      () => said(`fewer than ${manyExternal} changes by other programs in ${minutes} minutes`),
    )
  }

  #observeGain(tick: Tick): Notification[] {
    const futile = this.#gain.observe(tick)
    return this.#futile.next(
      futile !== undefined,
      tick.wallTime,
      () => {
        const { moves, before, after } = futile!
        const text =
          `${moves} moves in half an hour did not level the pCPUs: ` +
          `deviation ${formatPercent(before)} of a pCPU, then ${formatPercent(after)}`
        return { event: 'no-gain', text, figures: { moves, before, after } }
      },
      () => ({ event: 'no-gain', text: 'moves level the pCPUs again, or have become few', figures: {} }),
    )
  }
}

function controlLost(why: string): Said {
  return {
    event: 'control-lost',
    text: printable(`control lost: ${why}; guests stay as they are`),
    figures: {},
  }
}

function regained(): Said {
  return { event: 'control-lost', text: 'control regained', figures: {} }
}

function rollbacks({ rollbacks = [], wallTime }: Tick): Notification[] {
  return rollbacks.map(({ what, plan, reason }) => {
    const domains = [...new Set(plan.map(({ domain }) => domain))]
    const uuids = new Set(plan.map(({ uuid }) => uuid))
    const [uuid] = uuids
    return {
      event: 'rollback',
      state: 'happened',
      wallTime,
      ...(uuids.size === 1 && { domain: domains[0], uuid }),
      text: printable(
        `${what === 'vcpus' ? 'pins' : 'balloon'} of ${domains.join(', ')}: ${sentenceOf(reason)}`,
      ),
      figures: plainFigures(reasonFigures(reason)),
    }
  })
}

function plainFigures(figures: ReturnType<typeof reasonFigures>): Notification['figures'] {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? Number(value) : value,
    ]),
  )
}
