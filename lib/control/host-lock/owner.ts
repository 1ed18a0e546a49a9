import { jsonObject } from '../../util/json-object.ts'

/** What only one controller at a time may change on a host. */
export type Resource = 'vcpus' | 'memory'
export const resources: readonly Resource[] = ['vcpus', 'memory']

/** The controller that has locked a resource of a host, as it describes itself. */
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
  /** The newest version of the questions that its socket answers; undefined: it has none. */
  readonly answers?: number | undefined
}

/** Whether a resource is locked, and the owner where that can be read. */
export type LockStatus =
  | { readonly resource: Resource; readonly locked: false }
  | { readonly resource: Resource; readonly locked: true; readonly owner: LockOwner | undefined }

/** Bytes of a lock file that are read: no owner needs more. */
export const longestOwner = 64 * 1024

/** The content of a lock file: one line, so that what an earlier, longer owner left behind it is not read. */
export function formatOwner(owner: LockOwner): string {
  return `${JSON.stringify(owner)}\n`
}

/** Reads the content of a lock file. Another user may have written it, so nothing in it is trusted. */
export function parseOwner(text: string): LockOwner | undefined {
  const { pid, user, since, command, policies, journal, answers } =
    jsonObject(text.slice(0, text.indexOf('\n') + 1)) ?? {}
  const strings = Array.isArray(policies) && policies.every((name) => typeof name === 'string')
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid)) return undefined
  if (typeof user !== 'string' || typeof command !== 'string' || !strings) return undefined
  if (typeof since !== 'number' || Number.isNaN(new Date(since).getTime())) return undefined
  if (journal !== undefined && typeof journal !== 'string') return undefined
  if (answers !== undefined && !Number.isSafeInteger(answers)) return undefined
  return { pid, user, since, command, policies, journal, answers: answers as number | undefined }
}

/** `pid 12 (root) since 2026-01-02T03:04:05Z: ballast run`. Not yet `printable`. */
export function describeOwner({ pid, user, since, command }: LockOwner): string {
  return `pid ${pid} (${user}) since ${new Date(since).toISOString().slice(0, 19)}Z: ${command}`
}
