import { expect, it } from 'vitest'
import type { HostEvent } from '../../../lib/host/host.ts'
import { simulate } from '../../../lib/simulation/index.ts'

function eventful() {
  return simulate({
    pcpus: 1,
    domains: [{ name: 'guest' }],
    changes: [
      { at: 1_000, domain: 'guest', kind: 'pause' },
      { at: 2_000, domain: 'guest', kind: 'resume' },
      { at: 3_000, domain: 'guest', kind: 'restart' },
      { at: 4_000, domain: 'guest', kind: 'stop' },
      { at: 5_000, domain: 'guest', kind: 'start' },
    ],
  })
}

it('tells lifecycle events when they happen, with the id of the run', async () => {
  const host = eventful()
  const told: [number, string, number][] = []
  host.subscribe((event: HostEvent) => {
    if (event.kind === 'lifecycle') told.push([host.clock.now(), event.event, event.domain.id])
  })
  await host.clock.sleepUntil(10_000)
  expect(told).toEqual([
    [1_000, 'suspended', 1],
    [2_000, 'resumed', 1],
    [3_000, 'stopped', 1],
    [3_000, 'started', 2],
    [4_000, 'stopped', 2],
    [5_000, 'started', 3],
  ])
})

it('lets a listener end a sleep at the very moment of the event', async () => {
  const host = eventful()
  const controller = new AbortController()
  host.subscribe(() => controller.abort(new Error('look now')))
  await expect(host.clock.sleepUntil(10_000, controller.signal)).rejects.toThrow('look now')
  expect(host.clock.now()).toBe(1_001)
})

it('tells nothing after it was closed', async () => {
  const host = eventful()
  let told = 0
  host.subscribe(() => told++)
  await host.clock.sleepUntil(1_500)
  await host.close()
  await host.clock.sleepUntil(10_000)
  expect(told).toBe(1)
})
