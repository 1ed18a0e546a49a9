import { expect, test } from 'vitest'
import {
  autopilot,
  memoryJournal,
  reconnecting,
  recordings,
  restore,
  scenarios,
  simulate,
} from '../../../lib/index.ts'

// What a script in JavaScript hands over where it forgets an `await`, or that is no host at all.
const host = simulate(scenarios.A4())
const mistakes = [Promise.resolve(host), undefined, null, 'qemu:///system'] as unknown as (typeof host)[]

test.each(mistakes)('%s is no host, and that is said', async (none) => {
  const wrong = { name: 'TypeError', code: 'ERR_INVALID_ARGUMENT', option: 'host' }
  expect(() => autopilot(none, { interval: 1_000 })).toThrow(expect.objectContaining(wrong))
  expect(() => new recordings.Recorder(none, '/nonexistent')).toThrow(expect.objectContaining(wrong))
  await expect(restore(none, memoryJournal())).rejects.toMatchObject(wrong)
  await expect(reconnecting(async () => (none instanceof Promise ? undefined! : none))).rejects.toMatchObject(
    wrong,
  )
})

test('what reconnecting calls is a function', async () => {
  await expect(reconnecting('qemu:///system' as unknown as () => Promise<typeof host>)).rejects.toMatchObject(
    {
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('such as () => connect(uri)'),
    },
  )
})
