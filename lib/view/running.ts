import { DomainState } from '../host/sample.ts'

/**
 * Whether a domain in this state can use a pCPU and answer its balloon. `blocked` is how some
 * hypervisors report a running domain that is idle.
 */
export function isRunning(state: DomainState): boolean {
  return state === DomainState.running || state === DomainState.blocked
}
