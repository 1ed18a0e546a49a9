import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LivePage, serveLivePage } from '../../lib/cli/page/live-page.ts'
import type { FleetFigures, FleetStepFigures } from '../../lib/report/fleet-figures.ts'
import { GiB } from '../../lib/util/units.ts'
import { tickOf, viewOf } from '../unit/report/ticks.ts'
import { seriousFaults } from './accessibility.ts'
import { launchBrowser, visit } from './browser.ts'

let browser: Browser
let live: LivePage
beforeAll(async () => {
  browser = await launchBrowser()
  const place = { address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tokenFile: undefined } as const
  live = await serveLivePage(place, 'test:///default', (problem) => {
    throw new Error(problem)
  })
  live.begin({ dryRun: false, interval: 1_000 })
})
afterAll(async () => {
  await browser.close()
  await live[Symbol.asyncDispose]()
})

let index = 0
function tick(): void {
  const view = viewOf(2, [{ name: 'web1', vcpus: [{ usage: 0.5, delay: 0.1, demand: 0.6, on: 0 }] }])
  live.observe(tickOf(index++, view))
}

const host = (name: string, load: number, hold?: string) => ({
  name,
  load,
  delay: load / 10,
  committed: 6 * GiB,
  budget: 14 * GiB,
  guests: 6,
  hold,
})

const at = Date.UTC(2026, 0, 1)
const step = (guest: string, state: FleetStepFigures['state']): FleetStepFigures => ({
  guest,
  from: 'host1',
  to: 'host2',
  state,
  reason: `why ${guest} goes`,
  predicted: 0.04,
})

const leading: FleetFigures = {
  fleet: 'prod',
  connected: true,
  leading: true,
  leader: 'host1',
  orders: { done: 0, failed: 0, refused: 0 },
  steps: { ordered: 1, denied: 0, done: 0, failed: 0, helped: 0, 'no-help': 0, harm: 0 },
  round: {
    hosts: [host('host1', 1.4), host('host2', 0.2), host('<b>host3', 0.5, 'maintenance')],
    migrations: [{ guest: 'web1', from: 'host1', to: 'host2', isForeign: false }],
    steps: [
      { ...step('web1', 'under way'), wallTime: at + 60_000, before: 0.32 },
      { ...step('db1', 'helped'), wallTime: at, before: 0.4, seen: 0.05 },
    ],
    planned: { steps: [step('<b>mail1', 'planned')], more: 3 },
    summary: 'fleet tick 5: web1: host1 -> host2',
  },
}

describe('the page of a host in a fleet', () => {
  it('has hosts as tiles, migrations as they go, and steps with what came of them, where it leads', async () => {
    live.showFleet(leading)
    tick()
    const { page, complaints } = await visit(browser, `http://${/\/\/([^/]+)/.exec(live.address)![1]}/`)
    const fleet = page.getByRole('region', { name: 'The fleet' })
    await fleet.getByText('This host leads 3 hosts.').waitFor()
    const tiles = await fleet.locator('.hosts li').allInnerTexts()
    expect(tiles).toHaveLength(3)
    expect(tiles[0]).toMatch(/host1[\s\S]*load 140 %\s+longest delay 14\.0 %[\s\S]*6 guests[\s\S]*leads/)
    expect(tiles[2]).toMatch(/<b>host3[\s\S]*maintenance/)
    expect(await fleet.locator('.migrations li').textContent()).toBe('web1: host1 → host2')
    const last = await fleet.getByRole('region', { name: 'Last steps' }).getByRole('listitem').allInnerTexts()
    expect(last).toHaveLength(2)
    expect(last[0]).toMatch(
      /web1: host1 → host2\s*under way\s+why web1 goes\s+longest delay of both 32\.0 % before/,
    )
    expect(last[1]).toMatch(/✓ helped[\s\S]*40\.0 % before, 4\.0 % predicted, 5\.0 % seen/)
    const planned = await fleet
      .getByRole('region', { name: 'Planned steps' })
      .getByRole('listitem')
      .allInnerTexts()
    expect(planned).toEqual([expect.stringContaining('<b>mail1: host1 → host2'), 'and 3 steps more'])
    expect(await seriousFaults(page)).toEqual([])

    live.showFleet({ ...leading, round: { ...leading.round!, migrations: [] } })
    tick()
    await fleet.locator('.migrations').waitFor({ state: 'detached' })

    const many = Array.from({ length: 100 }, (_, i) => host(`h${i}`, i / 100))
    live.showFleet({ ...leading, round: { ...leading.round!, hosts: many } })
    tick()
    await fleet.getByText('and 40 hosts that are better off').waitFor()
    expect(await fleet.locator('.hosts li').count()).toBe(60)
    expect(await fleet.locator('.hosts li').first().textContent()).toMatch(/^h40/)

    live.showFleet({ ...leading, leading: false, leader: 'host2', round: undefined })
    tick()
    await fleet.getByText('Led by host2, whose page shows all hosts.').waitFor()

    live.showFleet({ ...leading, connected: false, leading: false, leader: undefined, round: undefined })
    tick()
    await fleet.getByText('NATS cannot be reached').waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })
})
