import { UsageError } from '../exit-codes.ts'
import { addressText, type ListenAddress } from './address.ts'
import { isLoopback } from './host-header.ts'

/** Throws a {@link UsageError} for a page that other machines can reach and that has no token. */
export function assertGuarded({
  address,
  tokenFile,
}: {
  readonly address: ListenAddress
  /** Undefined: whoever can connect may read. */
  readonly tokenFile: string | undefined
}): void {
  if (tokenFile !== undefined || address.kind !== 'tcp' || isLoopback(address.host)) return
  throw new UsageError(
    `the page at ${addressText(address)} could be read from other machines: give a file with --serve-token (of "ballast serve" --token), with a secret that readers have to know; "openssl rand -hex 32" makes one`,
  )
}
