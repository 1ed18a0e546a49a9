import type { PeerCertificate } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { identityCheck } from '../../../../lib/fleet/nats/server-identity.ts'

const certificate = (subjectaltname: string) =>
  ({ subject: { CN: 'x' }, subjectaltname }) as unknown as PeerCertificate

describe('the certificate of a server of NATS', () => {
  // What Node is told where the address has no name: nothing, which it takes for localhost.
  it.each([
    ['127.0.0.1:4222', 'DNS:localhost'],
    ['tls://10.0.0.1', 'DNS:localhost'],
    ['tls://10.0.0.1', 'IP Address:10.0.0.2'],
    ['tls://[fd00::1]:4222', 'IP Address:FD00:0:0:0:0:0:0:2'],
  ])('of %s is not for %s', (server, names) => {
    expect(identityCheck([server])('localhost', certificate(names))).toBeInstanceOf(Error)
  })

  it.each([
    [['tls://10.0.0.1'], 'IP Address:10.0.0.1'],
    [['tls://10.0.0.1', '10.0.0.2:4222'], 'DNS:a, IP Address:10.0.0.2'],
    [['tls://[fd00::1]:4222'], 'IP Address:FD00:0:0:0:0:0:0:1'],
    [['localhost'], 'DNS:localhost'],
    [['tls://10.0.0.1', 'tls://localhost:4222'], 'DNS:localhost'],
  ])('of %s may be for %s', (servers, names) => {
    expect(identityCheck(servers)('localhost', certificate(names))).toBeUndefined()
  })

  it('is for the name that is asked for', () => {
    const check = identityCheck(['tls://nats1.example.org', 'tls://10.0.0.1'])
    expect(check('nats1.example.org', certificate('DNS:nats1.example.org'))).toBeUndefined()
    expect(check('nats1.example.org', certificate('IP Address:10.0.0.1'))).toBeInstanceOf(Error)
  })
})
