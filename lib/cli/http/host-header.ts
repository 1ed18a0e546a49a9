import { isIP } from 'node:net'
import type { ListenAddress } from './address.ts'

/**
 * Whether a request to an address of this machine alone names this machine. A web page that has its own name resolve to
 * 127.0.0.1 could read what is served there through somebody's browser otherwise.
 */
export function isExpectedHost(address: ListenAddress, given = ''): boolean {
  if (address.kind === 'unix' || !isLoopback(address.host)) return true
  const host = given
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return host === '' || host === 'localhost' || host === address.host.toLowerCase() || isIP(host) !== 0
}

/** Whether only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
