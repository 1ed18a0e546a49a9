import type { AgentEvent } from '../../fleet/agent/agent.ts'
import { isOver, type Order, type OrderEvent } from '../../fleet/bus/order.ts'
import type { LeaderEvent } from '../../fleet/loop/leader.ts'
import { inTime } from '../../fleet/reasons/words.ts'
import type { FleetTick } from '../../fleet/tick/fleet-tick.ts'
import type { BallastError } from '../../host/errors.ts'
import { hostOfUri } from '../../util/uri.ts'
import type { FleetConfig } from '../config/fleet-config.ts'
import { type CliContext, logNotice, type Notice } from '../context.ts'

/** What a member of a fleet says of it in the log of its run: each thing once, until it is another. */
export class FleetLog {
  readonly #context: CliContext
  readonly #name: string
  readonly #servers: string
  readonly #guestName: (uuid: string) => string | undefined
  /** What is done while NATS is not there. */
  readonly #meanwhile: string
  /** What failed last, until it worked. */
  #failure: string | undefined
  #isLost = false
  /** What orders under way are for, by their ids. */
  readonly #orders = new Map<string, string>()
  #lastSummary = ''

  /** `guestName`: the name of a guest of this host, where it is known; undefined: this program has no host. */
  constructor(
    context: CliContext,
    { nats: { fleet = 'default', servers } }: FleetConfig,
    guestName?: (uuid: string) => string | undefined,
  ) {
    this.#guestName = guestName ?? (() => undefined)
    this.#meanwhile = guestName ? '; this host goes on by itself' : ''
    this.#context = context
    this.#name = `fleet ${fleet}`
    this.#servers = servers.join(', ')
  }

  joined(): void {
    this.#failure = undefined
    this.#say('fleet-joined', 'info', `joined at ${this.#servers}`)
  }

  /** A call failed, and is tried again. */
  failed({ code, message }: BallastError): void {
    // That the connection is lost has been said.
    if (this.#isLost || message === this.#failure) return
    this.#failure = message
    this.#say('fleet-failed', 'warn', `${message} (${code})${this.#meanwhile}`)
  }

  agent(event: AgentEvent): void {
    if (event.kind === 'failed') this.failed(event.error)
    else if (event.kind === 'unanswered') this.#unanswered(event.error)
    else if (event.kind === 'order') this.#order(event.order, event.event)
    else if (event.kind === 'bus') {
      this.#isLost = event.state === 'disconnected'
      this.#failure = undefined
      if (this.#isLost) {
        this.#say('fleet-lost', 'warn', `lost NATS at ${this.#servers}${this.#meanwhile}, connecting again`)
      } else this.#say('fleet-back', 'info', `connected to NATS at ${this.#servers} again`)
    }
  }

  leader(event: LeaderEvent): void {
    if (event.kind === 'failed') this.failed(event.error)
    else if (event.kind === 'leading') this.#say('fleet-leading', 'info', 'leads from now on')
    else
      this.#say(
        'fleet-following',
        'info',
        `led by ${event.lease?.name ?? event.lease?.host ?? 'another host'}`,
      )
  }

  tick({ summary, ordered, outcomes, errors, mode, plan }: FleetTick): void {
    const hasNews = ordered.length > 0 || outcomes.length > 0 || errors.length > 0
    const standing = `${mode} ${plan.reason.kind} ${plan.steps.length}`
    if (!hasNews && standing === this.#lastSummary) return
    this.#lastSummary = standing
    this.#say('fleet-tick', errors.length > 0 ? 'warn' : 'info', summary)
  }

  #unanswered({ code, message }: BallastError): void {
    const text = 'this host cannot say of some guests whether they can run here, and they do not come'
    this.#say('fleet-unanswered', 'warn', `${text}: ${message} (${code})`)
  }

  #order(order: Order, event: OrderEvent): void {
    const { state, result, error } = event
    // A guest that has gone is not known by its name any more.
    const text = this.#orders.get(order.id) ?? this.#textOf(order)
    if (isOver(event)) this.#orders.delete(order.id)
    else this.#orders.set(order.id, text)
    if (state === 'begun') this.#say('fleet-order', 'info', `${text}: begun`)
    if (state === 'done') {
      const took = result ? ` in ${inTime(result.elapsed)}` : ''
      this.#say('fleet-order', 'info', `${text}: done${took}`)
    }
    if (state === 'failed' || state === 'refused') {
      this.#say('fleet-order', 'warn', `${text}: ${state}: ${error?.message ?? 'it is not said why'}`)
    }
  }

  #textOf({ id, of, request }: Order): string {
    if (of !== undefined) return `order ${id}, to end order ${of}`
    if (!request) return `order ${id}`
    const { guest, target } = request
    const name = this.#guestName(guest) ?? guest
    return `order ${id}, ${name} to ${hostOfUri(target.reach.uri) ?? target.host}`
  }

  #say(event: string, level: Notice['level'], text: string): void {
    logNotice(this.#context, `${this.#name}: ${text}`, { event, level })
  }
}
