import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { domainKinds, keys, parseConfig } from '../../../../lib/cli/config/config.ts'
import { fleetKeys, ruleKeys } from '../../../../lib/cli/config/fleet.ts'
import { configurationSchema } from '../../../../lib/cli/config/schema.ts'
import { ConfigError } from '../../../../lib/cli/exit-codes.ts'
import { fleetPolicies } from '../../../../lib/fleet/policies.ts'
import { type PolicyKind, policies } from '../../../../lib/policies.ts'
import { ballast } from '../test-context.ts'
import { probes, probesOf } from './probes.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const packed = 'packaging/ballast.schema.json'
const schema = configurationSchema()
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema)

/** Whether an editor with the schema takes it. */
function fits(text: string): boolean {
  return validate(parse(text, { logLevel: 'silent' }))
}

/** Whether `ballast check` takes it; what is no configuration at all is an error here. */
function checks(text: string): boolean {
  try {
    parseConfig('f', text)
    return true
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}

const nowhere = async () => {
  throw new Error('it tried to connect')
}

const both = (text: string) => ({ schema: fits(text), check: checks(text) })
const taken = { schema: true, check: true }
const refused = { schema: false, check: false }

describe('the schema of the configuration', () => {
  it('is what the command prints, and the file in the package', async () => {
    const { stdout, code } = await ballast(['schema'], nowhere)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(schema)
    expect(readFileSync(root + packed, 'utf8'), 'npm run build:packaging makes it').toBe(stdout)
  })

  it('has every key, with what it is for', () => {
    const { properties } = schema as { properties: Record<string, { description?: string }> }
    expect(Object.keys(properties).sort()).toEqual([...keys].sort())
    for (const { description } of Object.values(properties)) expect(description).toMatch(/^[A-Z$].*\.$/)
  })
})

describe('configurations that are shown', () => {
  const example = readFileSync(`${root}packaging/systemd/ballast.yaml`, 'utf8')

  it('name the schema in their first line', () => {
    expect(example).toMatch(
      /^# yaml-language-server: \$schema=file:\/\/\/usr\/share\/ballast\/ballast\.schema\.json\n/,
    )
  })

  it('fit: the example of the service', () => {
    expect(both(example)).toEqual(taken)
  })

  it('fit: all that it has as comments', () => {
    const lines = example.split('\n')
    const optional = lines.flatMap((line, i) => (/^ *# ?[ ']*[a-z*'-]+:( |$)/.test(line) && i > 0 ? [i] : []))
    expect(optional.length).toBeGreaterThan(12)
    const uncommented = lines
      .map((line, i) => (optional.includes(i) ? line.replace('# ', '') : line))
      .join('\n')
    expect(both(uncommented)).toEqual(taken)
  })

  const pages = [
    'README.md',
    ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
  ]
  const shown = pages
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      configurationsIn(readFileSync(root + name, 'utf8')).map((text) => [name, text] as const),
    )

  it('are found in the docs', () => {
    const names = shown.map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(['docs/operating.md', 'docs/notifications.md']))
  })

  it.each(shown)('fit: one of %s', (_, text) => {
    expect(both(text)).toEqual(taken)
  })
})

/** The blocks of a page that are configurations, or parts of them. */
function configurationsIn(page: string): string[] {
  const blocks = [
    ...[...page.matchAll(/^```ya?ml\n(.*?)^```$/gms)].map(([, text]) => text!),
    ...[...page.matchAll(/(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+/g)].map(([text]) => text.replace(/^ {4}/gm, '')),
  ]
  return blocks.filter((text) => {
    let value: unknown
    try {
      value = parse(text, { logLevel: 'silent' })
    } catch {
      return false
    }
    return (
      typeof value === 'object' && value !== null && Object.keys(value).every((key) => keys.includes(key))
    )
  })
}

describe('the schema and ballast check', () => {
  /** What one of them takes and the other refuses. */
  const disagreements = (texts: readonly string[]) => {
    const all = texts.map((text) => ({ text, ...both(text) }))
    // Neither takes everything, nor nothing.
    expect(new Set(all.map(({ schema }) => schema)).size).toBe(2)
    return all.filter(({ schema, check }) => schema !== check)
  }

  it.each(keys)('agree on %s', (key) => {
    expect(disagreements(probes(key))).toEqual([])
  })

  const registered = (Object.keys(policies) as PolicyKind[]).flatMap((kind) =>
    Object.values(policies[kind]).map(({ name, options }) => ({ kind, name, options })),
  )

  it.each(registered.filter(({ options }) => Object.keys(options).length > 0))(
    'agree on the options of $name',
    ({ kind, name, options }) => {
      const around = (pair: string) => `${kind}: {policy: ${name}, ${pair}}`
      // A mark by itself may be on the wrong side of the other's default.
      const isPair = ({ text, check }: { text: string; check: boolean }) =>
        /\b(low|high): /.test(text) && !check
      expect(disagreements(probesOf(options, around)).filter((one) => !isPair(one))).toEqual([])
    },
  )

  it.each(fleetKeys)('agree on fleet.%s', (key) => {
    const around = (pair: string) =>
      `fleet: {${key === 'servers' ? '' : 'servers: n, '}migration-uri: "u://h", ${pair}}`
    const own = key === 'migration-uri' ? (pair: string) => `fleet: {servers: n, ${pair}}` : around
    expect(disagreements(probes(key, own))).toEqual([])
  })

  it.each(ruleKeys)('agree on fleet.rules.%s', (key) => {
    expect(disagreements(probes(key, (pair) => `fleet: {servers: n, rules: {${pair}}}`))).toEqual([])
  })

  it.each(Object.values(fleetPolicies))(
    'agree on the options of the fleet policy $name',
    ({ name, options }) => {
      const around = (pair: string) => `fleet: {servers: n, policy: {policy: ${name}, ${pair}}}`
      // A time may be none; this one may not.
      const isNone = ({ text }: { text: string }) => text.includes('horizon: 0s')
      expect(disagreements(probesOf(options, around)).filter((one) => !isNone(one))).toEqual([])
    },
  )

  it('agree on rules for guests', () => {
    expect(disagreements(probesOf(domainKinds, (pair) => `domain-rules: {a: {${pair}}}`))).toEqual([])
  })

  it.each([
    ['', taken],
    ['{}', taken],
    ['- a', refused],
    ['5', refused],
    ['conect: x', refused],
    ['scheduler: {tolerance: 0.1}', taken],
    ['scheduler: {fill: 0.1}', refused],
    ['scheduler: {policy: pack, fill: 0.1}', taken],
    ['scheduler: {policy: pack, tolerance: 0.1}', refused],
    ['ballooning: {policy: mom, period: 5s}', refused],
    ['scheduler: none\nballooning: none', refused],
    ['scheduler: none\nballooning: none\nksm: none', refused],
    ['scheduler: none\nballooning: none\nksm: adaptive', taken],
    ['scheduler: none\nballooning: none\nksm: {policy: adaptive}', taken],
    ['scheduler: none\nrespect-pins: true', refused],
    ['scheduler: none\nhost-memory-reserve: 1GiB', taken],
    ['ballooning: none\nhost-memory-reserve: 1GiB', refused],
    ['domain-rules: {a: {managed: false}}', taken],
    ['domain-rules: {a: {managed: false, shares: 5}}', refused],
    ['domain-rules: {"": {managed: false}}', refused],
    ['domain-rules: {a: {x: 5}}', refused],
    ['notify: [{program: /a}, 5]', refused],
    ['fleet: {name: a}', refused],
    ['fleet: {servers: n, data-uri: tcp://a}', refused],
    ['fleet: {servers: n, bandwidth: 1GiB}', refused],
    ['fleet: {servers: n, policy: none}', refused],
    ['fleet: {servers: n, policy: balance}', taken],
    ['fleet: {servers: n, policy: {delay: 0.1}}', taken],
  ])('agree on %j', (text, expected) => {
    expect(both(text)).toEqual(expected)
  })

  it.each([
    ['which of two is larger', 'ballooning: {policy: watermark, low: 300MiB, high: 200MiB}'],
    ['which of two is larger', 'domain-rules: {a: {memory-floor: 2GiB, memory-ceiling: 1GiB}}'],
    ['what a list leaves', 'host-cpus: 0\ndomain-rules: {a: {cpus: 0}}'],
    ['what a list leaves', 'host-cpus: 3-1'],
    ['how a number is written', 'host-cpus: 1e2'],
    ['how a number is written', 'interval: +2'],
    ['what can be an address', 'notify: {url: "http://a:b:c"}'],
  ])('do not agree on %s, which a schema cannot say: %j', (_, text) => {
    expect(both(text)).toEqual({ schema: true, check: false })
  })
})
