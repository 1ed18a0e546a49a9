import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import type { GuestReport } from '../../lib/fleet/report/host-report.ts'
import { NatsServer } from '../support/nats.ts'
import { reportOf } from './examples.ts'

let server: NatsServer
beforeAll(async () => {
  server = await NatsServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

/** With figures that no compression shortens. */
function guest(i: number, nameLength = 24): GuestReport {
  const hash = createHash('sha256').update(String(i)).digest('hex')
  const figure = (at: number) => Number.parseInt(hash.slice(at, at + 12), 16) / 2 ** 48
  return {
    id: i,
    run: `boot:${hash.slice(0, 16)}`,
    uuid: `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8000-${hash.slice(16, 28)}`,
    name: `${hash}${hash}`.slice(0, nameLength),
    running: true,
    cpu: {
      vcpus: 4,
      demand: figure(0),
      largest: figure(4),
      usage: figure(8),
      delay: figure(12),
      shares: 1024,
    },
    memory: {
      maximum: 2 ** 33,
      actual: Math.round(figure(16) * 2 ** 33),
      committed: Math.round(figure(20) * 2 ** 33),
      need: Math.round(figure(24) * 2 ** 33),
      dirtyRate: Math.round(figure(28) * 2 ** 27),
      swapping: false,
    },
    score: { cpu: figure(32) * 100, memory: figure(36) * 100 },
    requirement: hash,
    stays: [],
    labels: ['web', `tenant-${i % 17}`],
  }
}

it('a report of a thousand guests fits, whatever their figures', async () => {
  await using bus = await natsBus({ servers: [server.address] })
  const report = reportOf(
    'a',
    Array.from({ length: 1_000 }, (_, i) => guest(i)),
  )
  await bus.report(report)
  expect((await bus.reports())[0]!.report).toEqual(report)
})

it('one that does not fit says so', async () => {
  await using bus = await natsBus({ servers: [server.address] })
  const report = reportOf(
    'b',
    Array.from({ length: 10_000 }, (_, i) => guest(i, 128)),
  )
  await expect(bus.report(report)).rejects.toMatchObject({
    code: 'ERR_FLEET_BUS',
    message: expect.stringContaining('max_payload'),
  })
})

it('a tick of thirty thousand guests is remembered, in parts', async () => {
  await using bus = await natsBus({ servers: [server.address] })
  const tick = { wallTime: 5, guests: Array.from({ length: 30_000 }, (_, i) => guest(i)) }
  await bus.remember({ wallTime: 4 })
  await bus.remember(tick)
  await bus.remember({ wallTime: 6 })
  const read: unknown[] = []
  for await (const one of bus.history(0)) read.push(one)
  expect(read).toEqual([{ wallTime: 4 }, tick, { wallTime: 6 }])
})
