import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openBus } from '../../lib/fleet/nats/nats-bus.ts'
import type { GuestReport } from '../../lib/fleet/report/host-report.ts'
import { NatsServer } from '../support/nats.ts'
import { reportOf, requirement } from './examples.ts'

it('requirements of guests that are there stay, also after their agent began anew, and others go', async () => {
  await using server = await NatsServer.start()
  const age = 1_500
  const guests = [{ requirement: 'used' }] as unknown as readonly GuestReport[]
  {
    await using first = await openBus({ servers: [server.address] }, age)
    await first.require('used', requirement)
    await first.require('unused', requirement)
  }
  await using bus = await openBus({ servers: [server.address] }, age)
  for (let waited = 0; waited < 2.5 * age; waited += 200) {
    expect((await bus.requirements()).has('used')).toBe(true)
    await bus.report(reportOf('a', guests))
    await sleep(200)
  }
  expect([...(await bus.requirements()).keys()]).toEqual(['used'])
})
