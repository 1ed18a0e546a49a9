import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../../lib/cli/config/config.ts'
import { ConfigError } from '../../../../lib/cli/exit-codes.ts'
import { receiverText } from '../../../../lib/cli/notify/receiver.ts'

const program = { kind: 'program', path: '/bin/page-me' }
const url = { kind: 'url', url: 'https://example.org/hook?token=s3cret' }

function problemsOf(text: string): readonly string[] {
  try {
    parseConfig('f', text)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('notify: in a configuration', () => {
  it.each([
    ['', []],
    ['notify: { program: /bin/page-me }', [program]],
    [`notify:\n  url: ${url.url}`, [url]],
    [`notify:\n- program: /bin/page-me\n- url: ${url.url}`, [program, url]],
  ])('may be %j', (text, receivers) => {
    expect(parseConfig('f', text).notify).toEqual(receivers)
  })

  it.each([
    ['notify: /bin/page-me', 'f:1:9: notify must be options, each as NAME: VALUE; got "/bin/page-me"'],
    ['notify: []', 'f:1:9: notify must be a list with something in it; got an empty list'],
    ['notify: {}', 'f:1:9: notify must have either program or url'],
    ['notify:\n  program: page-me', 'f:2:3: notify.program must be a path that begins with /; got "page-me"'],
    ['notify: {program: /a, url: "http://b"}', 'f:1:9: notify must have either program or url'],
    [
      'notify: {url: "ftp://h/x"}',
      'f:1:9: notify.url must be an address that begins with http:// or https://',
    ],
    ['notify: {url: nowhere}', 'f:1:9: notify.url must be an address that begins with http:// or https://'],
    [
      'notify: {url: "https://a:s3cret@h/x"}',
      'f:1:9: notify.url must be an address without a user and a password',
    ],
    ['notify: {program: [a]}', 'f:1:19: notify.program must be text; got a YAML list'],
    [
      'notify:\n- program: /a\n- mail: x',
      'f:3:3: unknown option notify.mail: it must be one of program, url',
    ],
  ])('%j is a mistake', (text, problem) => {
    expect(problemsOf(text)).toContain(problem)
    expect(problemsOf(text).join()).not.toContain('s3cret')
  })

  it('is named without what may be a secret', () => {
    const names = parseConfig('f', `notify:\n- program: /bin/page-me\n- url: ${url.url}`).notify.map(
      receiverText,
    )
    expect(names).toEqual(['/bin/page-me', 'https://example.org'])
  })
})
