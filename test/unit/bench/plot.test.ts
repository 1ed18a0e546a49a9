import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { plotLoads } from '../../../bench/plot/loads.ts'
import { plotPlacement } from '../../../bench/plot/placement.ts'
import { niceStep } from '../../../bench/plot/plot.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Scheduler } from '../../../lib/policy/plan.ts'
import { lpt } from '../../../lib/schedulers/index.ts'
import { type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'

async function ticksOf(scenario: Scenario, ticks = 12, scheduler: Scheduler = lpt()): Promise<Tick[]> {
  const found: Tick[] = []
  for await (const tick of autopilot(simulate(scenario), { interval: 1_000, scheduler, ticks })) {
    found.push(tick)
  }
  return found
}

const parser = new XMLParser({
  ignoreAttributes: false,
  isArray: (name) => ['rect', 'path', 'text'].includes(name),
})
type Drawn = { readonly [attribute: string]: string }
function drawn(document: string): { rect: Drawn[]; path: Drawn[]; text: (Drawn | string)[] } {
  expect(XMLValidator.validate(document)).toBe(true)
  return parser.parse(document).svg
}
const words = (document: string) =>
  drawn(document).text.map((each) => String(typeof each === 'object' ? each['#text'] : each))

describe('a plot of loads', () => {
  it('has a line for each pCPU, which meet at the mean, and marks the moves', async () => {
    const document = plotLoads(await ticksOf(scenarios.A1()))
    const curves = drawn(document).path.filter((path) => path['@_stroke'] !== undefined)
    expect(curves).toHaveLength(4)
    const heights = curves.map((path) =>
      path['@_d']!.slice(1)
        .split('L')
        .map((point) => Number(point.split(' ')[1])),
    )
    const first = heights.map((own) => own[0]!)
    const last = heights.map((own) => own.at(-1)!)
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(100)
    expect(Math.max(...last) - Math.min(...last)).toBeLessThan(10)
    expect(words(document)).toEqual(expect.arrayContaining(['0 %', '100 %', '0 s', '10 s', 'moves', 'mean']))
    expect(new Set(curves.map((path) => path['@_stroke'])).size).toBe(4)
  })

  it('is empty, and sound, where nothing is known', () => {
    expect(drawn(plotLoads([])).path.filter((path) => path['@_stroke'])).toEqual([])
  })
})

describe('a plot of placement', () => {
  it('has a lane for each vCPU with a bar for each stay, pale while it is free', async () => {
    const ticks = await ticksOf(scenarios.A1())
    const bars = drawn(plotPlacement(ticks)).rect.filter((rect) => rect['@_height'] === '17')
    const moved = ticks.flatMap(({ outcomes }) => outcomes).length
    expect(bars).toHaveLength(8 + moved)
    expect(bars.some((bar) => bar['@_fill-opacity'])).toBe(false)
    const free = drawn(plotPlacement(await ticksOf(scenarios.A4(), 2))).rect
    expect(free.some((bar) => bar['@_fill-opacity'] === '.45')).toBe(true)
  })

  it('leaves a gap where a guest does not run, and takes any name', async () => {
    const name = '<b>&"\u0007'
    const domains = [{ name, vcpus: [{ affinity: '0' }, { affinity: '1' }] }]
    const changes = [
      { at: 3_500, domain: name, kind: 'pause' } as const,
      { at: 6_500, domain: name, kind: 'resume' } as const,
    ]
    const document = plotPlacement(await ticksOf({ pcpus: 2, domains, changes }, 12, () => []))
    const bars = drawn(document).rect.filter((rect) => rect['@_height'] === '17')
    expect(bars).toHaveLength(4)
    expect(document).toContain('&lt;b&gt;&amp;&quot;\\x07 1')
  })
})

describe('steps of an axis', () => {
  it('are round numbers from 1 on', () => {
    expect([0.2, 1, 1.5, 3, 7, 12, 90].map(niceStep)).toEqual([1, 1, 2, 5, 10, 20, 100])
  })
})
