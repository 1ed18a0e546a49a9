import { expect, it } from 'vitest'
import type { Tick } from '../../lib/control/tick.ts'
import { ballooning, connect, schedulers } from '../../lib/index.ts'
import { replay } from '../../lib/recording/replay.ts'
import { header, parsed, recorded } from '../unit/recording/recorded.ts'

it('is replayed to the bit, with the timing of a real clock', async () => {
  const options = () => ({
    interval: 300,
    scheduler: schedulers.balance(),
    ballooning: ballooning.shares(),
    dryRun: true,
  })
  await using host = await connect('test:///default')
  const { ticks, lines } = await recorded(host, options(), 5)
  const again: Tick[] = []
  for await (const { tick } of replay({ header, entries: parsed(lines) }, options)) again.push(tick)
  expect(ticks[4]?.view.domains).toHaveLength(1)
  expect(again).toEqual(ticks)
})
