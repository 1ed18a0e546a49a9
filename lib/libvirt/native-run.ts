import type { DomainRef } from '../host/host.ts'

/** The run that a call is for as the addon has it: UUID, and the id of the run or -1 for any. */
export function nativeRun(domain: DomainRef): [uuid: string, id: number] {
  return typeof domain === 'string' ? [domain, -1] : [domain.uuid, domain.id]
}
