import { describe, expect, it } from 'vitest'
import {
  addressText,
  isSameAddress,
  parseAbsoluteListenAddress,
  parseListenAddress,
} from '../../../../lib/cli/http/address.ts'

const parse = parseListenAddress('--metrics')

describe('an address for metrics', () => {
  it.each([
    ['9177', { kind: 'tcp', host: '127.0.0.1', port: 9177 }],
    ['0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['0.0.0.0:65535', { kind: 'tcp', host: '0.0.0.0', port: 65_535 }],
    ['kvm7.example.org:80', { kind: 'tcp', host: 'kvm7.example.org', port: 80 }],
    ['[::1]:9177', { kind: 'tcp', host: '::1', port: 9177 }],
    ['unix:/run/ballast/metrics.sock', { kind: 'unix', path: '/run/ballast/metrics.sock' }],
    ['unix:here', { kind: 'unix', path: 'here' }],
  ])('may be %s', (text, address) => {
    expect(parse(text)).toEqual(address)
  })

  it.each([
    '',
    ' ',
    '000080',
    ':9177',
    'localhost',
    'localhost:',
    '::1:9177',
    'a b:1',
    '-1',
    '1.5',
    'unix:',
    'http://h:1',
  ])('cannot be %j, and the message says what it can be', (text) => {
    expect(() => parse(text)).toThrow(
      /^--metrics must be a port such as 9177, HOST:PORT such as .*, or unix:PATH; got "/,
    )
  })

  it.each(['65536', '99999', 'localhost:1000000'])('has a port that there is, which %s is not', (text) => {
    expect(() => parse(text)).toThrow(`--metrics must have a port of at most 65535; got "${text}"`)
  })

  it('has a path that a socket can have', () => {
    expect(() => parse(`unix:/${'x'.repeat(107)}`)).toThrow('--metrics must be a path of at most 107 bytes')
    expect(() => parseAbsoluteListenAddress('metrics')('unix:here')).toThrow(
      'metrics must be a path that begins with /; got "here"',
    )
  })

  it.each(['127.0.0.1:9177', '[::1]:9177', 'unix:/run/x'])('is written as it was given: %s', (text) => {
    expect(addressText(parse(text))).toBe(text)
  })
})

describe('two addresses', () => {
  it.each([
    ['9177', '127.0.0.1:9177', true],
    ['9177', '9178', false],
    ['9177', '[::1]:9177', false],
    ['[::]:9177', '9177', true],
    ['0', '0', false],
    ['unix:a', 'unix:./a', true],
    ['unix:a', 'unix:b', false],
    ['unix:a', '9177', false],
  ])('%s and %s are one: %s', (a, b, same) => {
    expect(isSameAddress(parse(a), parse(b))).toBe(same)
    expect(isSameAddress(parse(b), parse(a))).toBe(same)
  })
})
