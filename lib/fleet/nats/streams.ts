import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import { BallastError } from '../../host/errors.ts'
import { busError, isNoStream } from './bus-error.ts'
import type { NatsClients } from './connection.ts'
import type { Subjects } from './subjects.ts'

/** Version of the streams and of what is in them. Programs leave newer ones alone. */
export const busVersion = 1

/** In the description of each stream: what servers of before 2.10 keep, too. */
const mark = /^Ballast fleet, version (\d+)$/

const day = 86_400_000
const orderAge = 7 * day
const historyAge = 30 * day
/** Bytes of history at most: the oldest goes. */
const historySize = 256 * 2 ** 20

interface StreamPlan {
  readonly name: string
  readonly subject: string
  /** Milliseconds that what is in it stays. Default: always. */
  readonly age?: number
  /** Of each subject only the newest is kept. Default true. */
  readonly newest?: false
  readonly size?: number
}

/** How long what is kept stays, in milliseconds. */
export interface Ages {
  readonly report: number
  readonly lease: number
  /** Requirements that nobody wrote anew for so long are of guests that are gone. */
  readonly requirement: number
}

function plans(subjects: Subjects, ages: Ages): StreamPlan[] {
  const { reports, requirements, answers, lease, settings, orders, history } = subjects
  return [
    { name: reports.stream, subject: reports.all, age: ages.report },
    { name: requirements.stream, subject: requirements.all, age: ages.requirement },
    { name: answers.stream, subject: answers.all, age: ages.requirement },
    { name: lease.stream, subject: lease.all, age: ages.lease },
    { name: settings.stream, subject: settings.all },
    { name: orders, subject: subjects.ofHosts, age: orderAge },
    { name: history, subject: subjects.ticks, age: historyAge, newest: false, size: historySize },
  ]
}

/**
 * Finds the streams of a fleet, and makes those that are missing. Rejects with `ERR_FLEET_VERSION` when they are of a
 * newer version, or of another program. The result has them by name.
 */
export async function openStreams(
  { manager, connection }: Pick<NatsClients, 'manager' | 'connection'>,
  subjects: Subjects,
  ages: Ages,
): Promise<ReadonlyMap<string, StreamInfo>> {
  // In a cluster it is on three of its servers: the loss of one loses nothing.
  const replicas = connection.info?.cluster === undefined ? 1 : 3
  const infos = await Promise.all(plans(subjects, ages).map((plan) => open(manager, plan, replicas)))
  return new Map(infos.map((info) => [info.config.name, info]))
}

async function open(manager: JetStreamManager, plan: StreamPlan, replicas: number): Promise<StreamInfo> {
  const info = await manager.streams.info(plan.name).catch((error) => {
    if (isNoStream(error)) return undefined
    throw error
  })
  // Several that come at once make the same one, which NATS takes for one.
  const made =
    info ??
    (await make(manager, plan, replicas).catch((error) => {
      const { code, message } = busError(error, `make the stream ${plan.name}`)
      if (code !== 'ERR_FLEET_PERMISSION') throw error
      throw new BallastError(
        code,
        `This NATS has nothing of the fleet yet, and this user may not make it: start a leader first (${message})`,
        { cause: error },
      )
    }))
  const version = mark.exec(made.config.description ?? '')?.[1]
  if (version === undefined) {
    throw new BallastError(
      'ERR_FLEET_VERSION',
      `The stream ${plan.name} of this NATS is of another program: choose another name for the fleet`,
    )
  }
  if (Number(version) > busVersion) {
    throw new BallastError(
      'ERR_FLEET_VERSION',
      `The stream ${plan.name} of this NATS is of version ${version}, and this Ballast knows version ${busVersion}: ` +
        'install the Ballast of the other hosts',
    )
  }
  return made
}

function make(manager: JetStreamManager, plan: StreamPlan, replicas: number): Promise<StreamInfo> {
  const { name, subject, age = 0, newest = true, size = -1 } = plan
  const nanoseconds = age * 1e6
  return manager.streams.add({
    name,
    description: `Ballast fleet, version ${busVersion}`,
    subjects: [subject],
    retention: 'limits',
    storage: 'file',
    discard: 'old',
    max_age: nanoseconds,
    max_bytes: size,
    max_msgs_per_subject: newest ? 1 : -1,
    // A key that is deleted leaves a mark that stands for all that was written before.
    allow_rollup_hdrs: true,
    allow_direct: false,
    // Not longer than what it is about stays.
    duplicate_window: Math.min(120_000 * 1e6, nanoseconds || Number.POSITIVE_INFINITY),
    num_replicas: replicas,
  })
}

/**
 * The sequence number of the newest message of a stream: who waits for it has seen all that was written before. 0: it is
 * empty.
 */
export async function lastOf({ manager }: Pick<NatsClients, 'manager'>, stream: string): Promise<number> {
  const { state } = await manager.streams.info(stream)
  return state.messages === 0 ? 0 : state.last_seq
}
