import type { Server, Socket } from 'node:net'
import { userInfo } from 'node:os'
import { BallastError, wrongOption } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { withoutPassword } from '../../util/uri.ts'
import { disown, own } from '../abstract-socket.ts'
import { ask, type LockOwner, type LockStatus, type Resource, resources, socketOf } from './owner.ts'

export interface HostLockOptions {
  /** What is to be held. Default: both. */
  readonly resources?: readonly Resource[]
  /** What others are told: the program and what it does. Default: the name of the process. */
  readonly command?: string
  /** What others are told: names of the policies that run. Default: none. */
  readonly policies?: readonly string[]
  /** What others are told: path of the journal. Default: none. */
  readonly journal?: string
}

/** What is held until it is disposed of, or until the process ends in whatever way. */
export interface HostLock {
  /** Has others told from now on that these policies run. */
  tell(policies: readonly string[]): void
  release(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes this process the only controller of `host`, for the resources that it names: two of them would undo
 * each other's work for ever. Reaches all users of this machine (and of its network namespace), but no other
 * machine that works on the same host from afar. A crash leaves nothing behind. On a host that lives within
 * the process (`test:///`, a simulated one) nothing is held. Rejects with `ERR_LOCKED`, whose message says who holds it.
 *
 * @example `await using _ = await lockHost(host, { resources: ['vcpus'], command: 'my-program' })`
 */
export async function lockHost(host: Pick<Host, 'uri'>, options: HostLockOptions = {}): Promise<HostLock> {
  const { command = process.title, policies = [], journal } = options
  let me: LockOwner = { pid: process.pid, user: userName(), since: Date.now(), command, policies, journal }
  const wanted = new Set(options.resources ?? resources)
  for (const resource of wanted) {
    if (!resources.includes(resource)) throw wrongOption('resources', "of 'vcpus' and 'memory'", resource)
  }
  const servers: Server[] = []
  const release = async () => {
    await Promise.all(servers.splice(0).map(disown))
  }
  try {
    for (const resource of wanted) {
      const socket = socketOf(host.uri, resource)
      if (socket !== undefined) servers.push(await hold(socket, resource, host.uri, () => me))
    }
  } catch (error) {
    await release()
    throw error
  }
  const tell = (policies: readonly string[]) => {
    me = { ...me, policies }
  }
  return { tell, release, [Symbol.asyncDispose]: release }
}

/** Who holds each resource of the host at `uri`, as seen from this machine and user. */
export function lockOwners(uri: string): Promise<LockStatus[]> {
  return Promise.all(
    resources.map((resource) => {
      const socket = socketOf(uri, resource)
      return socket === undefined ? { resource, held: false as const } : ask(socket, resource)
    }),
  )
}

/** Tries before giving up on a socket that others take and leave in the same moments. */
const mostTries = 10

async function hold(socket: string, resource: Resource, uri: string, me: () => LockOwner): Promise<Server> {
  for (let tries = 1; ; tries++) {
    const server = await listen(socket, me)
    if (server) return server
    const holding = await ask(socket, resource)
    // It went away between the two calls: then it is free now.
    if (!holding.held && tries < mostTries) continue
    throw held(holding, uri)
  }
}

/** The server that owns `socket` and tells `me` to whoever connects; undefined when another has it. */
async function listen(socket: string, me: () => LockOwner): Promise<Server | undefined> {
  try {
    const server = await own(socket, (connection) => answer(connection, me()))
    if (server) server.maxConnections = 32
    return server?.unref()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new BallastError(
      'ERR_NOT_SUPPORTED',
      `Cannot see whether another controller is at work: ${message}`,
      {
        cause: error,
      },
    )
  }
}

function answer(connection: Socket, me: LockOwner): void {
  connection.unref()
  // Who asks may go away before the answer, or never take it.
  connection.on('error', () => connection.destroy())
  connection.setTimeout(1_000, () => connection.destroy())
  connection.resume()
  connection.end(`${JSON.stringify(me)}\n`)
}

function held(holding: LockStatus, uri: string): BallastError {
  const what = `The ${holding.resource === 'vcpus' ? 'placement of vCPUs' : 'memory'} of ${withoutPassword(uri)}`
  const holder = holding.held ? holding.holder : undefined
  if (!holder) {
    return new BallastError('ERR_LOCKED', `${what} is held by a process that does not say who it is`)
  }
  return new BallastError('ERR_LOCKED', `${what} is held by ${describeOwner(holder)}`)
}

/** `pid 12 (root) since 2026-01-02T03:04:05Z: ballast run`. Not yet {@link printable}. */
export function describeOwner({ pid, user, since, command }: LockOwner): string {
  return `pid ${pid} (${user}) since ${new Date(since).toISOString().slice(0, 19)}Z: ${command}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch (error) {
    // In a container the user often has a number and no name.
    if (error instanceof Error && 'code' in error) return `uid ${process.getuid?.()}`
    throw error
  }
}
