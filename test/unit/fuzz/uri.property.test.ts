import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exitFor, UsageError } from '../../../lib/cli/exit-codes.ts'
import { defaultJournalPath } from '../../../lib/cli/journal-path.ts'
import { withoutPassword, withoutPasswordOf, withoutPasswords } from '../../../lib/util/uri.ts'
import { runs } from '../../support/runs.ts'
import { anyText, nearly } from './arbitraries.ts'

/** Long enough that it is found only where it was let through. */
const secret = fc
  .tuple(
    fc.constantFrom('s3cr', 'p@s5', 'a:b@', '/x@y', 'a/@b'),
    anyText.map((text) => text.replace(/[?#\s\p{Cs}]/gu, '')),
  )
  .map(([start, rest]) => `${start}${rest}WORD`)
const scheme = fc.constantFrom('qemu+tcp', 'qemu+ssh', 'esx', 'QEMU', 'x-y.z')
const user = fc.constantFrom('', 'me', 'me@corp', 'a%40b', 'ü')
const server = fc.constantFrom('host', 'host:22', '[::1]:16509', '10.0.0.1')
const path = fc.constantFrom(
  '/system',
  '/session',
  '/',
  '',
  '/dc/cluster?no_verify=1',
  '/system?keyfile=/k/a@b#c',
)

describe('a URI with a password', () => {
  it('is shown without it, and otherwise as it was', () => {
    fc.assert(
      fc.property(scheme, user, secret, server, path, (scheme, user, password, server, path) => {
        const uri = `${scheme}://${user}:${password}@${server}${path}`
        const shown = withoutPassword(uri)
        expect(shown).toBe(`${scheme}://${user}@${server}${path}`)
        expect(withoutPassword(shown)).toBe(shown)
        expect(withoutPasswords(`got "${uri}" and ${uri}`)).toBe(`got "${shown}" and ${shown}`)
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('is one without it in whatever libvirt says of it, whole or in part', () => {
    fc.assert(
      fc.property(user, secret, (user, password) => {
        const uri = `qemu+ssh://${user}:${encodeURIComponent(password)}@host/system`
        const said = `${uri}: ssh -l ${user}:${password} host: ${uri.slice(11)}: refused`
        expect(withoutPasswordOf(uri, said)).not.toContain('WORD')
        expect(withoutPasswordOf('qemu:///system', said)).toBe(said)
      }),
    )
  })

  it('leaves its password out of errors and of file names', () => {
    fc.assert(
      fc.property(secret, (password) => {
        const uri = `qemu+tcp://me:${password}@host/system`
        const usage = new UsageError(
          `the interval must be a number; got ${JSON.stringify(uri.replace(/[^!-~]/g, ''))}`,
        )
        expect(exitFor(usage).line).not.toContain('WORD')
        expect(defaultJournalPath(uri, {}, 0)).not.toContain('WORD')
      }),
    )
  })
})

it.each([
  'qemu:///system',
  'qemu+ssh://host:22/system?keyfile=/home/me@corp/key',
  'qemu+ssh://me@host:22',
  'qemu+tls://[fe80::1]:16514/system?x=a@b',
  'qemu+ssh://me@[::1]:22/system?x=a@b',
  'test:///a:b@c',
  'no URI: at all@',
])('%s has none and stays as it is', (uri) => {
  expect(withoutPassword(uri)).toBe(uri)
  expect(withoutPasswordOf(uri, `${uri} failed`)).toBe(`${uri} failed`)
})

it('any text at all is shown, and takes no time', () => {
  fc.assert(
    fc.property(
      fc.oneof(anyText, nearly(['qemu+tcp://me:pw@host/system'], ['@', ':', '://', '/', '%'])),
      (text) => {
        expect(text.length).toBeGreaterThanOrEqual(withoutPassword(text).length)
        expect(withoutPasswordOf(text, text)).toBeTypeOf('string')
      },
    ),
  )
  expect(withoutPasswords(`${'a:'.repeat(100_000)}//`)).toHaveLength(200_002)
})
