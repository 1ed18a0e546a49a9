import type { DomainMemoryView, HostMemoryView } from '../../../../lib/view/view.ts'

/** What a View tells of a domain of which no memory statistics are known. */
export const unknownMemory: DomainMemoryView = {
  age: undefined,
  hold: 'no statistics',
  maximum: undefined,
  actual: undefined,
  target: undefined,
  available: undefined,
  unused: undefined,
  usable: undefined,
  diskCaches: undefined,
  swappedOut: undefined,
  swappedIn: undefined,
  need: undefined,
  events: undefined,
  progress: 'resting',
  rss: undefined,
}

/** The memory of a host for Views in which memory is of no matter. */
export const noHostMemory: HostMemoryView = {
  total: 0,
  free: 0,
  available: 0,
  state: 'high',
  pressure: undefined,
  reserve: 0,
  reserved: 0,
  budget: 0,
  committed: 0,
}
