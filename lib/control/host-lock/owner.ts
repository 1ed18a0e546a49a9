import { connect } from 'node:net'
import { abstractSocket } from '../abstract-socket.ts'

/** What only one controller at a time may have on a host. */
export type Resource = 'vcpus' | 'memory'
export const resources: readonly Resource[] = ['vcpus', 'memory']

/** The controller that holds a resource of a host, as it tells itself. */
export interface LockOwner {
  readonly pid: number
  /** Name of the user that it runs as. */
  readonly user: string
  /** Wall clock when it began, milliseconds since the epoch. */
  readonly since: number
  /** What it calls itself, for instance `ballast run`. */
  readonly command: string
  /** Names of the policies that it runs; empty when it runs none. */
  readonly policies: readonly string[]
  /** Path of its journal, where that is a file. */
  readonly journal?: string | undefined
}

/** What is known of a resource: nobody has it, or somebody who may not have told who it is. */
export type LockStatus =
  | { readonly resource: Resource; readonly held: false }
  | { readonly resource: Resource; readonly held: true; readonly holder: LockOwner | undefined }

/**
 * Name of the socket whose owner holds `resource` of the host at `uri`. Undefined for hosts that live within the
 * process: nobody else can work on those.
 */
export function socketOf(uri: string, resource: Resource, uid = process.getuid?.()): string | undefined {
  if (/^(test|simulation):/.test(uri)) return undefined
  return abstractSocket(hostOf(uri, uid), resource)
}

/**
 * The host that a libvirt URI leads to. How (transport, user, password, most parameters) makes no difference;
 * which socket does, and in session mode whose session it is.
 */
function hostOf(uri: string, uid: number | undefined): string {
  const match = /^([a-z0-9]+)(?:\+[a-z0-9]+)?:\/\/(?:([^/?#]*)@)?([^/?#]*)([^?#]*)/i.exec(uri)
  if (!match) return uri
  const [, driver = '', user = '', server = '', path = ''] = match
  const socket = new URLSearchParams(uri.split('?', 2)[1] ?? '').get('socket') ?? ''
  const owner = path === '/session' ? `${user.split(':', 1)[0]} ${uid}` : ''
  return [driver.toLowerCase(), server.toLowerCase(), path.replace(/\/+$/, ''), socket, owner].join('\n')
}

/** Milliseconds that a holder has to answer: a stopped one never does. */
const patience = 2_000
const longestAnswer = 64 * 1024

/** Asks whoever owns `socket` who it is. */
export function ask(socket: string, resource: Resource): Promise<LockStatus> {
  return new Promise((resolve) => {
    let answer = ''
    const connection = connect(socket).setEncoding('utf8')
    const end = (holding: LockStatus) => {
      clearTimeout(timer)
      connection.destroy()
      resolve(holding)
    }
    const unknown: LockStatus = { resource, held: true, holder: undefined }
    const timer = setTimeout(() => end(unknown), patience)
    connection.on('data', (text: string) => {
      answer += text
      if (answer.length > longestAnswer) end(unknown)
    })
    connection.on('end', () => end({ resource, held: true, holder: holderOf(answer) }))
    // Any other failure comes from somebody who owns the socket: a queue that is full, a connection cut off.
    connection.on('error', (error: NodeJS.ErrnoException) => {
      end(error.code === 'ECONNREFUSED' ? { resource, held: false } : unknown)
    })
  })
}

/** The holder that an answer tells of. Another user's process may have written it: nothing in it is trusted. */
function holderOf(answer: string): LockOwner | undefined {
  const { pid, user, since, command, policies, journal } = fieldsOf(answer)
  const strings = Array.isArray(policies) && policies.every((name) => typeof name === 'string')
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid)) return undefined
  if (typeof user !== 'string' || typeof command !== 'string' || !strings) return undefined
  if (typeof since !== 'number' || Number.isNaN(new Date(since).getTime())) return undefined
  if (journal !== undefined && typeof journal !== 'string') return undefined
  return { pid, user, since, command, policies, journal }
}

function fieldsOf(answer: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
