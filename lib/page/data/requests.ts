import type { PolicyChoices } from '../../policy/option-fields.ts'

/** What `api/info` says of a loop that runs. */
export interface LiveInfo {
  readonly kind: 'live'
  readonly ballast: string
  readonly uri: string
  /** Policies that the last hour can be played under; undefined: nobody has recorded it. */
  readonly policies?: PolicyChoices
}

/** What `api/info` says of recordings. */
export interface RecordingInfo {
  readonly kind: 'recording'
  readonly ballast: string
  readonly uri: string
  /** Begin and end of each piece of the ticks, in milliseconds since the epoch. */
  readonly pieces: readonly { readonly from: number; readonly to: number }[]
  /** Policies that a load can be played under. */
  readonly policies: PolicyChoices
  /** Whether all is read: until then there are more pieces when one asks again. */
  readonly isWhole: boolean
  /** What the recording lacks, in words. */
  readonly problems: readonly string[]
}

export type Info = LiveInfo | RecordingInfo

/** The server wants another token than it was given. */
export class TokenNeeded extends Error {}

const tokenKey = 'ballast-token'

/** Keeps the token until the tab is closed. */
export function setToken(token: string): void {
  sessionStorage.setItem(tokenKey, token)
}

/** Asks the server that the page came from. Rejects with {@link TokenNeeded}. */
export async function ask(path: string, signal?: AbortSignal): Promise<Response> {
  const token = sessionStorage.getItem(tokenKey)
  const response = await fetch(`api/${path}`, {
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    cache: 'no-store',
    ...(signal && { signal }),
  })
  if (response.status === 401) throw new TokenNeeded()
  if (!response.ok) throw new Error(`${response.status}: ${(await response.text()).trim()}`)
  return response
}

export async function askJson<T>(path: string): Promise<T> {
  return (await ask(path)).json()
}
