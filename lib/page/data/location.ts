import { signal } from '@preact/signals'
import { hashOf, type Place, placeIn } from './place.ts'

export const place = signal<Place>({ at: undefined, guest: undefined })

/** Follows the address, and has it follow. */
export function followAddress(): void {
  place.value = placeIn(location.hash)
  addEventListener('hashchange', () => {
    place.value = placeIn(location.hash)
  })
}

/** Looks elsewhere. A guest that is opened or closed is a step that "back" undoes; a moment is not. */
export function go(change: Partial<Place>): void {
  const next = { ...place.peek(), ...change }
  if (hashOf(next) === hashOf(place.peek())) return
  place.value = next
  if ('guest' in change) history.pushState(null, '', hashOf(next))
  else history.replaceState(null, '', hashOf(next))
}
