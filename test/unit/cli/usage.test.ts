import { describe, expect, it } from 'vitest'
import { type PolicyKind, policies } from '../../../lib/policies.ts'
import { isPolicy } from '../../../lib/policy/plan.ts'
import { ballast, type Ending } from './test-context.ts'

/** In this process, where nothing may be connected to. */
function here(...args: string[]): Promise<Ending> {
  return ballast(args, async () => {
    throw new Error('it tried to connect')
  })
}

describe('a wrong command line', () => {
  it.each([
    [['cpu', '0'], /interval must be a number of seconds.*got "0"/],
    [['memory', 'abc'], /interval must be a number of seconds.*got "abc"/],
    [['run', '--ticks', '0'], /--ticks must be a whole number.*got "0"/],
    [['memory', '--host-memory-reserve', '2'], /--host-memory-reserve must be a size with its unit.*got "2"/],
    [['monitor', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [['cpu', '-1'], /interval must be a number of seconds.*got "-1"/],
    [['cpu', '--reserve', '2GiB'], /unknown option '--reserve'/],
    [['cpu', '--host-memory-reserve', '2GiB'], /--host-memory-reserve would do nothing: ballooning is none/],
    [['memory', '--respect-pins'], /--respect-pins would do nothing: scheduler is none/],
    [['cpu', '--scheduler', 'none'], /scheduler, ballooning and ksm are all none/],
    [['cpu', '1', '2'], /too many arguments/],
    [
      ['memory', '--ballooning', 'wattermark'],
      /--ballooning <policy>' argument 'wattermark' is invalid. Did you mean watermark\? .*shares, watermark/,
    ],
    [
      ['cpu', '--scheduler', 'shares'],
      /--scheduler <policy>' argument 'shares' is invalid. Allowed .* balance, fair/,
    ],
    [['cpu', '--connect'], /option '-c, --connect <uri>' argument missing/],
    [['cpu', '--connect', ''], /--connect must not be empty/],
    [['run', '--match', ''], /--match must not be empty/],
    [['restore', '--journal', ' '], /--journal must not be empty/],
    [['run', '--config', ''], /--config must not be empty/],
    [['run', '--metrics', '70000'], /--metrics must have a port of at most 65535; got "70000"/],
    [['monitor', '--metrics', '9177'], /unknown option '--metrics'/],
    [['run', '--log', 'xml'], /--log <format>' argument 'xml' is invalid.*text, json/],
    [['run', '--log', 'jsno'], /argument 'jsno' is invalid. Did you mean json\?/],
    [['import', 'azur', 'x', '-o', 'y'], /value 'azur' is invalid .*'format'. Did you mean azure\?/],
    [['check'], /missing required argument 'file'/],
    [['blance'], /unknown command 'blance'/],
    [['help', 'rnu'], /unknown command 'rnu' \(Did you mean run\?\); see ballast --help\n/],
    [['fleet', 'help', 'bogus'], /unknown command 'bogus'; see ballast fleet --help\n/],
    [
      ['run', '--scheduler', 'ballance'],
      /argument 'ballance' is invalid. Did you mean balance\? Allowed .*, none; see ballast run --help\n/,
    ],
    [['fleet', 'drain'], /missing required argument 'host'; see ballast fleet drain --help\n/],
    [['run', '--metrics', '9180', '--serve', '9180'], /--metrics and --serve both name 127.0.0.1:9180: give/],
    [
      ['run', '--metrics', 'unix:a', '--metrics', 'unix:./a'],
      /--metrics is given twice with unix:\.\/a: give/,
    ],
    [
      ['run', '--metrics', '0.0.0.0:9180', '--serve', '9180'],
      /--metrics and --serve both name 127.0.0.1:9180: give/,
    ],
  ])('%j is one line on stderr and exit code 2', async (args, expected) => {
    const { code, stdout, stderr } = await here(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^ballast: [^\n]*\n$/)
    expect(stderr).toMatch(expected)
  })
})

describe('the help', () => {
  it('lists the commands, examples and exit codes', async () => {
    const { code, stdout, stderr } = await here('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of ['cpu', 'memory', 'run', 'monitor', 'restore', 'Examples:', 'Exit codes:']) {
      expect(stdout).toContain(word)
    }
  })

  it.each(['cpu', 'memory', 'run', 'monitor', 'restore'])(
    'of %s explains its options by examples',
    async (name) => {
      const { code, stdout } = await here(name, '--help')
      expect(code).toBe(0)
      expect(stdout).toContain('--connect <uri>')
      expect(stdout).toMatch(new RegExp(`Examples:\\n {2}ballast ${name}`))
      expect(stdout).toContain('Exit codes:')
    },
  )

  it('of the commands of a fleet tells what ends them, which is no host', async () => {
    for (const args of [['fleet'], ['fleet', 'status']]) {
      const { stdout } = await here(...args, '--help')
      expect(stdout).toContain('\n  3  no connection to the NATS of the fleet')
      expect(stdout).not.toContain('pCPUs')
    }
  })

  it('of a command is shown by help, too', async () => {
    for (const [asked, expected] of [
      [['run'], 'Usage: ballast run'],
      [['fleet'], 'Usage: ballast fleet'],
    ] as const) {
      const { code, stdout } = await here('help', ...asked)
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(expected) })
    }
    const { code, stdout } = await here('fleet', 'help', 'drain')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('Usage: ballast fleet drain'),
    })
  })

  it('is what comes without a command, with exit code 2', async () => {
    const { code, stdout } = await here()
    expect(code).toBe(2)
    expect(stdout).toContain('Usage: ballast')
  })
})

describe.each(Object.keys(policies) as PolicyKind[])('--%s', (kind) => {
  it.each(Object.values(policies[kind]))('knows $name, which the help lists', async ({ name, create }) => {
    const { stdout } = await here('run', '--help')
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`"${name}"`)
    expect(isPolicy(create())).toBe(true)
  })
})
