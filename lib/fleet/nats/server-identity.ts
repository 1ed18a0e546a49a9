import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'

/** What Node takes a server for that it is given no name of. */
const unnamed = 'localhost'

/**
 * Whether the certificate of a server is one for `servers`: gives the error where it is not. NATS's client gives Node no name
 * where the address is an IP address, and Node asks for a certificate of `localhost` then: it is to be one for that address.
 */
export function identityCheck(
  servers: readonly string[],
): (name: string, certificate: PeerCertificate) => Error | undefined {
  const hosts = servers.map(hostOf)
  const addresses = hosts.filter((host) => isIP(host) !== 0)
  return (name, certificate) => {
    const names = name !== unnamed || hosts.includes(unnamed) ? [name] : []
    const asked = name === unnamed ? [...names, ...addresses] : names
    const errors = (asked.length > 0 ? asked : [name]).map((one) => checkServerIdentity(one, certificate))
    return errors.includes(undefined) ? undefined : errors[0]
  }
}

/** Of `HOST`, `HOST:PORT`, `[IPv6]:PORT`, with or without `tls://`. */
function hostOf(server: string): string {
  const [, bracketed, plain] = /^(?:[a-z]+:\/\/)?(?:\[([^\]]*)\]|([^:/]*))/.exec(server) ?? []
  return bracketed ?? plain ?? server
}
