import { expect, it } from 'vitest'
import { AnswerSets, readAnswers } from '../../../../lib/fleet/nats/answer-sets.ts'
import type { NatsClients } from '../../../../lib/fleet/nats/connection.ts'
import { Followers } from '../../../../lib/fleet/nats/followers.ts'
import { pack } from '../../../../lib/fleet/nats/packing.ts'
import { Bucket } from '../../../../lib/fleet/nats/subjects.ts'
import type { TailConnection } from '../../../../lib/fleet/nats/tail.ts'

const bucket = new Bucket('sets')
const many = (...rest: readonly (readonly [string, true | string])[]) =>
  Object.fromEntries([...Array.from({ length: 60 }, (_, i) => [`k${i}`, true] as const), ...rest])

/** A writer, and what it has written, by key. */
function writing() {
  const written: [string, Uint8Array][] = []
  const client = {
    publish: async (subject: string, data: Uint8Array) => void written.push([bucket.keyOf(subject), data]),
  }
  const on = { client } as unknown as NatsClients & TailConnection
  return { written, writer: new AnswerSets(on, bucket, 3_600_000, new Followers()) }
}

it('few answers stay in the report, and many are written once', async () => {
  const { written, writer } = writing()
  expect(await writer.write({ k0: true })).toBeUndefined()
  const key = await writer.write(many(['z', 'no']))
  expect(await writer.write(many(['z', 'no']))).toBe(key)
  expect(written.map(([name]) => name)).toEqual([key])
  expect(readAnswers(key!, written[0]![1])).toEqual(many(['z', 'no']))
})

it('hosts that are alike have one key, whichever answer came first', async () => {
  const answers = many(['z', 'no'])
  const backwards = Object.fromEntries(Object.entries(answers).reverse())
  expect(await writing().writer.write(backwards)).toBe(await writing().writer.write(answers))
  expect(await writing().writer.write(many(['z', true]))).not.toBe(await writing().writer.write(answers))
})

it('are written again after NATS may have lost them', async () => {
  const { written, writer } = writing()
  const answers = many()
  await writer.write(answers)
  writer.forget()
  await writer.write(answers)
  expect(written).toHaveLength(2)
})

it('what another program put under a key is not taken for answers', async () => {
  const { written, writer } = writing()
  const key = (await writer.write(many()))!
  const [[, data]] = written as [[string, Uint8Array]]
  expect(readAnswers('0'.repeat(32), data)).toBeUndefined()
  expect(readAnswers(key, pack('[["k0",true]]'))).toBeUndefined()
  expect(readAnswers(key, Uint8Array.of(1, 2, 3))).toBeUndefined()
})
