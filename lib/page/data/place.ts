/** What is looked at: in the address after `#`, so that a link leads to the same. */
export interface Place {
  /** Milliseconds since the epoch; undefined: the newest. */
  readonly at: number | undefined
  /** UUID of the guest that is opened. */
  readonly guest: string | undefined
}

export function placeIn(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const at = Date.parse(given.get('at') ?? '')
  return { at: Number.isNaN(at) ? undefined : at, guest: given.get('guest') ?? undefined }
}

export function hashOf({ at, guest }: Place): string {
  const parts = new URLSearchParams()
  if (at !== undefined) parts.set('at', new Date(at).toISOString())
  if (guest !== undefined) parts.set('guest', guest)
  return parts.size > 0 ? `#${parts}` : '#'
}
