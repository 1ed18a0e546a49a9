import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { NatsServer } from '../support/nats.ts'
import { reportOf } from './examples.ts'

const answers = Object.fromEntries(
  Array.from(
    { length: 3_000 },
    (_, i) => [`key${i}`, i % 7 === 0 ? 'it does not reach a disk' : true] as const,
  ),
)

it('what hosts answer comes with their reports however much it is, also from a NATS that lost all', async () => {
  await using server = await NatsServer.start()
  await using bus = await natsBus({ servers: [server.address] })
  await using leader = await natsBus({ servers: [server.address] })
  const reports = [
    { ...reportOf('a'), answers },
    { ...reportOf('b'), answers: { ...answers } },
    { ...reportOf('c'), answers: { k: true as const } },
  ]
  const tell = async () => {
    for (const report of reports) await bus.report(report)
  }
  await tell()
  const seen = (await leader.reports()).map(({ report }) => report)
  expect(seen).toEqual(reports)
  expect(seen[0]!.answers).toBe(seen[1]!.answers)
  await server.end('SIGKILL')
  rmSync(join(server.directory, 'store'), { recursive: true })
  await server.restart()
  await expect
    .poll(
      () =>
        tell()
          .then(() => true)
          .catch(() => false),
      { timeout: 30_000 },
    )
    .toBe(true)
  await expect
    .poll(
      () =>
        leader
          .reports()
          .then((all) => all.map(({ report }) => report))
          .catch(() => []),
      { timeout: 30_000 },
    )
    .toEqual(reports)
})
