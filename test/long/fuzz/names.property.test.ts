import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { plotLoads } from '../../../bench/plot/loads.ts'
import { plotMemory } from '../../../bench/plot/memory.ts'
import { plotPlacement } from '../../../bench/plot/placement.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { table } from '../../../lib/report/table.ts'
import { type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { printable } from '../../../lib/util/printable.ts'
import { runs as times } from '../../support/runs.ts'
import { ballast, withMembers } from '../../unit/cli/test-context.ts'
import { anyText } from '../../unit/fuzz/arbitraries.ts'
import { tickOf, viewOf } from '../../unit/report/ticks.ts'

/** What no line for a terminal may hold. */
const obeyed = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u
/** A character that XML does not allow (XML 1.0, production 2). */
const noXml = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u

/** Erases the screen, forges a line, turns the direction of writing, leads out of a directory, ends an element. */
const spell = fc.constantFrom(
  '\x1b[2J',
  '\u009b31m',
  '\r\n12:00:00  pin web: fine\n',
  '\u202e',
  '\u2066',
  '\u2028',
  '../../../etc/cron.d/',
  '/',
  '\0',
  '\x7f',
  '\x1b]0;owned\x07',
  ']]><script>',
  '"&\'<',
  '\ufffe',
  '\ud800',
  '😀'.repeat(30),
  '$(reboot)',
  '%s%n',
  '__proto__',
)
const name = fc
  .array(fc.oneof(spell, anyText), { minLength: 1, maxLength: 4 })
  .map((parts) => `x${parts.join('')}`)

/** The first guest of a scenario under another name. */
function renamed(scenario: Scenario, name: string): Scenario {
  const first = scenario.domains[0]!
  const changes = scenario.changes?.map((change) =>
    'domain' in change && change.domain === first.name ? { ...change, domain: name } : change,
  )
  return {
    ...scenario,
    domains: [{ ...first, name }, ...scenario.domains.slice(1)],
    ...(changes && { changes }),
  }
}

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-names-'))
})
afterEach(() => rm(directory, { recursive: true }))

const commands: readonly (readonly string[])[] = [
  ['run', '1', '-n', '4'],
  ['status'],
  ['status', '--json'],
  ['restore'],
  ['run', '1', '-n', '3', '--json', '--dry-run'],
  ['monitor', '1', '-n', '2'],
  ['monitor', '1', '-n', '2', '--json'],
]
const calls = ['pinVcpu', 'setMemory', 'setMemoryStatsPeriod', 'domainMetadata'] as const

/** What every command prints on a host with a guest of this name; with `says` no change works, and this is why. */
async function printedBy(name: string, state: string, says?: string): Promise<string[]> {
  const host = simulate(renamed({ ...scenarios.A1(), changes: [] }, name))
  const fail = () => Promise.reject(new BallastError('ERR_LIBVIRT', `failed: ${says}`))
  const connect = async () =>
    withMembers(host, {
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
      ...(says === undefined ? {} : Object.fromEntries(calls.map((call) => [call, fail]))),
    })
  const printed: string[] = []
  for (const args of commands) {
    const { stdout, stderr } = await ballast(args, connect, { XDG_STATE_HOME: state, TZ: 'UTC' })
    printed.push(stdout, stderr)
  }
  return printed
}

describe('a guest’s name, whatever it is', () => {
  it('reaches no terminal as it is, adds no line, and names no file', async () => {
    let runs = 0
    const state = () => join(directory, String(runs++))
    const plain = (await printedBy('x', state())).map((text) => text.split('\n').length)
    await fc.assert(
      fc.asyncProperty(name, async (name) => {
        const here = state()
        const printed = await printedBy(name, here)
        expect(printed.map((text) => text.split('\n').length)).toEqual(plain)
        for (const line of printed.join('\n').split('\n')) expect(line).not.toMatch(obeyed)
        const files = existsSync(here) ? readdirSync(here, { recursive: true }) : []
        for (const file of files) expect(file).toMatch(/^ballast(\/simulation-[\w-]+\.jsonl)?$/)
        expect(readdirSync(directory).every((entry) => /^\d+$/.test(entry))).toBe(true)
      }),
      { numRuns: times(10) },
    )
  })

  it('does not either when an error quotes it', async () => {
    await fc.assert(
      fc.asyncProperty(name, async (name) => {
        const printed = await printedBy(name, directory, name)
        expect(printed.join('')).toContain('failed')
        for (const line of printed.join('\n').split('\n')) expect(line).not.toMatch(obeyed)
      }),
      { numRuns: times(10) },
    )
  })

  it('brings no sequence of its own to a terminal, however narrow', async () => {
    const frameOf = async (name: string, columns: number) => {
      const connect = async () => simulate(renamed(scenarios.A1(), name))
      const terminal = { isTTY: true, columns, rows: 24 }
      const { stdout } = await ballast(['monitor', '1', '-n', '2'], connect, {}, terminal)
      return stdout
    }
    const count = (text: string) => text.split('\x1b').length
    await fc.assert(
      fc.asyncProperty(name, fc.integer({ min: 20, max: 200 }), async (name, columns) => {
        const frame = await frameOf(name, columns)
        expect(count(frame)).toBe(count(await frameOf('x', columns)))
        expect(frame.replaceAll('\x1b', '').replaceAll('\n', '')).not.toMatch(obeyed)
      }),
      { numRuns: times(20) },
    )
  })

  it('is cut to the width of a table without leaving half a character', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 20, max: 200 }), (name, columns) => {
        const view = viewOf(2, [{ name, vcpus: [{ on: 0, usage: 0.5 }] }])
        for (const line of table(tickOf(0, view), { columns })) expect(line).not.toMatch(obeyed)
      }),
      { numRuns: times(500) },
    )
  })

  it('leaves plots well-formed, and is read in them as it is printed', () => {
    const texts = new XMLParser({
      ignoreAttributes: false,
      isArray: (name) => name === 'text',
      trimValues: false,
    })
    fc.assert(
      fc.property(name, (name) => {
        const ticks = [1, 2, 3].map((index) => {
          const view = viewOf(2, [{ name, vcpus: [{ on: 0, usage: 0.5 }] }])
          return tickOf(index, { ...view, time: 1000 * index })
        })
        for (const plot of [plotLoads, plotMemory, plotPlacement]) {
          const document = plot(ticks, { title: name })
          expect(XMLValidator.validate(document)).toBe(true)
          expect(document).not.toMatch(noXml)
          const title = texts.parse(document).svg.title
          expect(String(title)).toBe(printable(name))
        }
      }),
      { numRuns: times(200) },
    )
  })
})
