import { expect, it } from 'vitest'
import { Answers } from '../../../../lib/fleet/agent/answers.ts'
import { requirement } from '../../../nats/examples.ts'

const many = (count: number) =>
  new Map(Array.from({ length: count }, (_, i) => [`k${i}`, requirement] as const))

/** `takes`: milliseconds of one question. */
function answersAt(takes = 0) {
  let now = 0
  let asked = 0
  const clock = { now: () => now, wallTime: () => now, sleepUntil: async () => {} }
  const answers = new Answers(async () => {
    asked++
    now += takes
    return undefined
  }, clock)
  return {
    answers,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
    asked: () => asked,
  }
}

it('come to a new requirement soon, however many are to be asked again', async () => {
  const { answers, pass } = answersAt()
  for (let i = 0; i < 100; i++) await answers.see(many(2_000))
  expect(Object.keys(answers.all)).toHaveLength(2_000)
  pass(3_600_000)
  await answers.see(many(2_001))
  expect(answers.all.k2000).toBe(true)
})

it('are asked again in turn, and not before it is time', async () => {
  const { answers, pass, asked } = answersAt()
  await answers.see(many(10))
  pass(599_000)
  await answers.see(many(10))
  expect(asked()).toBe(10)
  pass(1_000)
  await answers.see(many(10))
  expect(asked()).toBe(20)
})

it('come to thousands in one go where the host answers at once, and to some where it is slow', async () => {
  const quick = answersAt(0.1)
  await quick.answers.see(many(3_000))
  expect(Object.keys(quick.answers.all)).toHaveLength(3_000)
  const slow = answersAt(100)
  await slow.answers.see(many(3_000))
  expect(Object.keys(slow.answers.all)).toHaveLength(20)
})

it('are the same object until one of them is another', async () => {
  let problem: string | undefined
  let now = 0
  const clock = { now: () => now, wallTime: () => now, sleepUntil: async () => {} }
  const answers = new Answers(async () => problem, clock)
  await answers.see(many(3))
  const first = answers.all
  now += 600_000
  await answers.see(many(3))
  expect(answers.all).toBe(first)
  problem = 'it does not reach it'
  now += 600_000
  await answers.see(many(3))
  expect(answers.all).toEqual({ k0: problem, k1: problem, k2: problem })
})
