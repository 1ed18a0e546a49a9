import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  type FleetReason,
  fleetReasonTables,
  fleetSentenceOf,
} from '../../../lib/fleet/reasons/fleet-reasons.ts'
import { reasonTables } from '../../../lib/policy/reason.ts'
import type { FigureUnits } from '../../../lib/policy/reasons/figures.ts'
import { sampleOf, unitsOf } from '../policy/samples.ts'

const page = readFileSync(fileURLToPath(new URL('../../../docs/fleet-reasons.md', import.meta.url)), 'utf8')

const headings: Record<keyof typeof fleetReasonTables, string> = {
  step: 'Steps',
  plan: 'Plans',
  guard: 'Denied steps',
  stay: 'Guests that stay',
  conflict: 'Rules that contradict each other',
  loop: 'What the leader does by itself',
}

const kinds = Object.values(fleetReasonTables).flatMap((table) =>
  Object.entries<{ readonly figures: FigureUnits }>(table),
)

function sentence(kind: string, figures: FigureUnits, change?: string): string {
  return fleetSentenceOf(sampleOf(kind, figures, change) as unknown as FleetReason)
}

function rowOf([kind, { figures }]: readonly [string, { readonly figures: FigureUnits }]): string {
  const list = Object.entries(figures).map(([name, unit]) => `\`${name}\` ${unit}`)
  return `| \`${kind}\` | ${list.join(', ') || '-'} | ${sentence(kind, figures)} |`
}

describe('docs/fleet-reasons.md', () => {
  it.each(Object.entries(headings))(
    'has every reason of %s, its figures and its sentence',
    (table, heading) => {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
      const rows = [...section.matchAll(/^\| `.*$/gm)].map(([row]) => row)
      const definitions = Object.entries<{ readonly figures: FigureUnits }>(
        fleetReasonTables[table as keyof typeof fleetReasonTables],
      )
      expect(rows).toEqual(definitions.map(rowOf))
    },
  )
})

describe('reasons of the fleet', () => {
  it('have names of their own, which no reason of a host has but for what both mean alike', () => {
    const names = kinds.map(([kind]) => kind)
    expect(new Set(names).size).toBe(names.length)
    const shared = names.filter((kind) => Object.values(reasonTables).some((table) => kind in table))
    expect(shared).toEqual(['not-running'])
  })

  it.each(kinds)('%s says every figure: another value is another sentence', (kind, { figures }) => {
    const usual = sentence(kind, figures)
    expect(usual).not.toMatch(/undefined|NaN|\[object|Infinity/)
    for (const [name] of unitsOf(figures)) expect(sentence(kind, figures, name), name).not.toBe(usual)
  })
})
