import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Metric } from '../../../lib/report/metrics/family.ts'
import { allMetrics } from '../../../lib/report/metrics/tick-metrics.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly annotations?: { readonly runbook_url: string }
}

const rulesIn = (path: string): Rule[] =>
  (parse(read(path)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules)
const alerts = rulesIn('packaging/prometheus/ballast-alerts.yml')
const records = rulesIn('packaging/prometheus/ballast-records.yml')

/** What a metric is made of, by its type. */
const partsOf = {
  gauge: [''],
  counter: [''],
  summary: ['_sum', '_count'],
  histogram: ['_bucket', '_sum', '_count'],
} as const

/** Names that queries may use: metrics, what rules record, and what Prometheus adds. */
const known = new Set([
  ...Object.entries(allMetrics).flatMap(([name, { type }]) => partsOf[type].map((part) => `${name}${part}`)),
  ...records.map(({ record }) => record!),
  'up',
])

/** Names of metrics in a query, and the labels that are asked for in it. */
function namesIn(query: string): string[] {
  const bare = query
    .replace(/"(?:[^"\\]|\\.)*"|\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !/^(and|or|unless|offset|bool|by|on|group_left|group_right)$/.test(name))
    .filter((name) => !/^\d*[smhdw]$/.test(name))
}

describe('docs/metrics.md', () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `((?:libvirt|ballast|process)_\w+)` \|.*$/gm)]
  const rowOf = (name: string, { type, labels, help }: Metric) =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`

  it('has every metric with its type, its labels and its meaning, and no other', () => {
    const byName = (a: string, b: string) => (a < b ? -1 : 1)
    expect(rows.map(([row]) => row).sort(byName)).toEqual(
      Object.entries(allMetrics)
        .map(([name, metric]) => rowOf(name, metric))
        .sort(byName),
    )
  })
})

describe('the rules', () => {
  it.each([...alerts, ...records])('of $alert$record ask for metrics that there are', ({ expr }) => {
    const names = namesIn(expr)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !known.has(name))).toEqual([])
  })

  it('have a runbook for each alert, and no other is there', () => {
    const headings = [...read('docs/runbooks.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(alerts.map(({ alert }) => alert))
    for (const { alert, annotations } of alerts) {
      expect(annotations?.runbook_url).toBe(`docs/runbooks.md#${alert!.toLowerCase()}`)
    }
  })

  it('are tested: each alert fires, and a host in order fires none', () => {
    const { tests } = parse(read('test/prometheus/alerts.yml')) as {
      tests: { name: string; alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[]
    }
    const checks = tests.flatMap(({ name, alert_rule_test }) =>
      alert_rule_test.map(({ alertname, exp_alerts }) => ({ name, alertname, fires: exp_alerts.length > 0 })),
    )
    for (const { alert } of alerts) {
      expect(
        checks.filter(({ alertname, fires }) => alertname === alert && fires),
        alert,
      ).not.toEqual([])
      const inOrder = checks.filter(
        ({ name, alertname }) => name === 'a host in order' && alertname === alert,
      )
      expect(inOrder.length, alert).toBeGreaterThan(0)
      expect(inOrder.every(({ fires }) => !fires)).toBe(true)
    }
  })
})

describe('the dashboard', () => {
  interface Panel {
    readonly id: number
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
    readonly panels?: readonly Panel[]
  }
  const dashboard = JSON.parse(read('packaging/grafana/ballast.json')) as {
    panels: Panel[]
    templating: { list: { query?: unknown }[] }
  }
  const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

  it.each(queries)('$title: $expr asks for metrics that there are', ({ expr }) => {
    const names = namesIn(expr.replace(/\$\w+/g, '1'))
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !known.has(name))).toEqual([])
  })

  it('has panels with an id of their own each, and variables from metrics that there are', () => {
    expect(queries.length).toBeGreaterThan(20)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const asked = JSON.stringify(dashboard.templating.list).matchAll(/label_values\(([\w:]+)/g)
    const names = [...asked].map(([, name]) => name!)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !known.has(name))).toEqual([])
  })
})
