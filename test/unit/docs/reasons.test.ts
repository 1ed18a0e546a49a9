import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { GuardRule } from '../../../lib/control/tick.ts'
import { type Reason, reasonTables, sentenceOf } from '../../../lib/policy/reason.ts'
import type { FigureUnits, Units } from '../../../lib/policy/reasons/figures.ts'
import { sampleOf } from '../policy/samples.ts'

const page = readFileSync(fileURLToPath(new URL('../../../docs/reasons.md', import.meta.url)), 'utf8')

/** Every rule and every unit: the compiler asks for those that are missing here. */
const rules: Record<GuardRule, true> = {
  'guest-floor': true,
  'guest-ceiling': true,
  'host-reserve': true,
  'stale-statistics': true,
  unmanaged: true,
  'allowed-cpus': true,
  'external-change': true,
  backoff: true,
  'rolled-back': true,
  'no-change': true,
  invalid: true,
}
const units: Record<keyof Units, true> = {
  fraction: true,
  load: true,
  bytes: true,
  'bytes/s': true,
  ms: true,
  '1/s': true,
  number: true,
  pcpu: true,
  vcpu: true,
  cpus: true,
  text: true,
  flag: true,
}

/** The rows of the table under a heading, without its head. */
function rowsUnder(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  return [...(section ?? '').matchAll(/^\| `.*$/gm)].map(([row]) => row)
}

function firstCells(heading: string): string[] {
  return rowsUnder(heading).map((row) => /^\| `([^`]+)`/.exec(row)![1]!)
}

/** A kind as the page has it: its figures with their units, and a sentence with figures that are made up. */
function rowOf(kind: string, figures: FigureUnits): string {
  const list = Object.entries(figures).map(([name, unit]) => `\`${name}\` ${unit}`)
  return `| \`${kind}\` | ${list.join(', ') || '-'} | ${sentenceOf(sampleOf(kind, figures) as Reason)} |`
}

const headings: Record<keyof typeof reasonTables, string> = {
  custom: 'Custom policies',
  scheduling: 'Schedulers',
  choice: 'Choices of balance',
  ballooning: 'Ballooning',
  ksm: 'KSM',
  ksmSkipped: 'KSM skipped',
  rollback: 'Rollbacks and restore',
  skipped: 'Skips',
  unusable: 'Unusable pCPUs',
  guard: 'Clamps',
}

describe('docs/reasons.md', () => {
  it.each(Object.entries(headings))(
    'has every reason of %s, its figures and its sentence',
    (table, heading) => {
      const kinds = Object.entries(reasonTables[table as keyof typeof reasonTables])
      expect(rowsUnder(heading)).toEqual(kinds.map(([kind, { figures }]) => rowOf(kind, figures)))
    },
  )

  it('has every rule of the guard, and no other', () => {
    expect(firstCells('Rules of the guard').sort()).toEqual(Object.keys(rules).sort())
  })

  it('names kinds that there are beside each rule', () => {
    const kinds = new Set([...Object.keys(reasonTables.skipped), ...Object.keys(reasonTables.guard)])
    const named = rowsUnder('Rules of the guard').flatMap((row) => {
      return [
        ...row
          .split('|')
          .at(-2)!
          .matchAll(/`([^`]+)`/g),
      ].map(([, kind]) => kind!)
    })
    expect(new Set(named)).toEqual(kinds)
  })

  it('has every unit, and no other', () => {
    expect(firstCells('Units').sort()).toEqual(Object.keys(units).sort())
  })
})
