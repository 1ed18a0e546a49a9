import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { plotMemory } from '../../../bench/plot/memory.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { type PurePolicy, type SetMemoryAction, setMemory } from '../../../lib/policy/plan.ts'
import { type Scenario, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

const scenario: Scenario = {
  pcpus: 2,
  memory: 8 * GiB,
  domains: [
    { name: 'first & last', memory: { maximum: 2 * GiB, program: { size: 256 * MiB } } },
    { name: 'silent', memory: { maximum: 1 * GiB, balloon: 'no-driver' } },
    { name: 'leaves', memory: { maximum: 1 * GiB } },
  ],
  changes: [{ at: 6_500, domain: 'leaves', kind: 'stop' }],
}
const down: PurePolicy<SetMemoryAction> = (view) =>
  view.domains
    .filter(({ name, memory }) => name === 'first & last' && memory.hold === undefined)
    .map((domain) => setMemory(domain, 768 * MiB, 'to see it go down'))

async function ticksOf(ticks: number): Promise<Tick[]> {
  const found: Tick[] = []
  for await (const tick of autopilot(simulate(scenario), { interval: 1_000, ballooning: down, ticks }))
    found.push(tick)
  return found
}

interface Drawn {
  readonly path: readonly {
    readonly '@_stroke'?: string
    readonly '@_style'?: string
    readonly '@_d': string
  }[]
  readonly text: readonly (string | { readonly '#text': string })[]
}
const parser = new XMLParser({ ignoreAttributes: false, isArray: (name) => ['path', 'text'].includes(name) })
function drawn(document: string): Drawn {
  expect(XMLValidator.validate(document)).toBe(true)
  return parser.parse(document).svg
}

describe('a plot of memory', () => {
  it('has a panel for each domain, with its balloon where it was and its use where that is known', async () => {
    const { path, text } = drawn(plotMemory(await ticksOf(12)))
    const words = text.map((one) => String(typeof one === 'object' ? one['#text'] : one))
    expect(words).toEqual(
      expect.arrayContaining([
        'first & last',
        '1.5 GiB',
        'silent',
        'leaves',
        'balloon',
        'target',
        'use',
        '0 s',
        '10 s',
      ]),
    )
    const legend = 2
    const lines = path.filter((one) => one['@_stroke'] !== undefined).slice(legend)
    // Balloon and use of the first, the balloon of the silent one, both of the one that leaves.
    expect(lines).toHaveLength(5)
    const points = lines.map((one) =>
      one['@_d']
        .split(/[ML]/)
        .slice(1)
        .map((point) => point.split(' ').map(Number)),
    )
    const [balloon, , , leaving] = points
    expect(balloon).toHaveLength(12)
    expect(balloon!.at(-1)![1]! - balloon![0]![1]!).toBeGreaterThan(40)
    expect(leaving!.length).toBeLessThan(8)
    const [target, ...others] = path.filter(({ '@_style': style }) => style !== undefined)
    expect(others).toEqual([])
    const asked = target!['@_d']
      .split(/[ML]/)
      .slice(1)
      .map((point) => Number(point.split(' ')[1]))
    expect(new Set(asked)).toEqual(new Set([balloon!.at(-1)![1]]))
  })

  it('is made from Ticks alone: none make an empty one', () => {
    expect(drawn(plotMemory([], { title: 'nothing' })).path.filter((one) => one['@_stroke'])).toHaveLength(2)
  })
})
