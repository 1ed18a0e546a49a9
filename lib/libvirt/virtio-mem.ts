import type { VirtioMem } from '../host/domain-traits.ts'
import { bytesOf, type GuestMemoryElement, objectOf, type SizeElement } from './guest-pages.ts'

/** The virtio-mem devices of a domain together; undefined: it has none. Throws for what is no size. */
export function virtioMemOf({ devices }: GuestMemoryElement): VirtioMem | undefined {
  const own = (objectOf(devices).memory ?? []).filter(({ model }) => model === 'virtio-mem')
  if (own.length === 0) return undefined
  const sum = (name: 'size' | 'requested' | 'current') => {
    return own.reduce((total, { target }) => total + bytes(objectOf(target)[name]), 0)
  }
  return { size: sum('size'), requested: sum('requested'), current: sum('current') }
}

function bytes(size: SizeElement | undefined): number {
  return size === undefined ? 0 : bytesOf(size)
}
