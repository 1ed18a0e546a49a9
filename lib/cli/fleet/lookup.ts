import type { FleetGuest, FleetHost, FleetView } from '../../fleet/view/fleet-view.ts'
import { UsageError } from '../exit-codes.ts'
import { namesOf } from './names.ts'

/** Names that a message lists at most. */
const listed = 10

/** The host of this UUID, or of this name. Throws where there is none, or more than one. */
export function hostNamed({ hosts }: FleetView, text: string): FleetHost {
  return theOnly('host', hosts, text)
}

/** The guest of this UUID, or of this name. Throws where there is none, or more than one. */
export function guestNamed({ guests }: FleetView, text: string): FleetGuest {
  return theOnly('guest', guests, text)
}

function theOnly<T extends { readonly uuid: string; readonly name: string }>(
  kind: string,
  all: readonly T[],
  text: string,
): T {
  const found = all.find(({ uuid }) => uuid === text.toLowerCase())
  if (found) return found
  const [first, ...others] = all.filter(({ name }) => name === text)
  if (first && others.length === 0) return first
  if (first) {
    const uuids = [first, ...others].map(({ uuid }) => uuid).join(', ')
    throw new UsageError(
      `${others.length + 1} ${kind}s are called ${JSON.stringify(text)}: name one by its UUID, ${uuids}`,
    )
  }
  const called = namesOf(all)
  const names = all.slice(0, listed).map(({ uuid }) => called.get(uuid))
  const more = all.length > listed ? ', …' : ''
  const there = names.length > 0 ? `there are ${names.join(', ')}${more}` : `no ${kind} reports`
  throw new UsageError(`no ${kind} ${JSON.stringify(text)} reports; ${there}`)
}
