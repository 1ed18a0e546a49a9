/** A worker with a simulated host and the loop that works on it. It tells what a server would. */
import { autopilot } from '../../control/autopilot.ts'
import { policies } from '../../policies.ts'
import { FeedWriter } from '../../report/feed/feed-writer.ts'
import type { FeedMessage } from '../../report/feed/messages.ts'
import { tickDecisions } from '../../report/tick-decisions.ts'
import { scenarios, simulate } from '../../simulation/index.ts'
import { type Choice, pace } from './choice.ts'

const tell = (messages: readonly FeedMessage[]) => postMessage(messages)

addEventListener('message', ({ data }: MessageEvent<Choice>) => void run(data))

async function run({ scenario, scheduler, ballooning }: Choice): Promise<void> {
  const { interval, speed, ticks } = pace
  const host = simulate(scenarios[scenario as keyof typeof scenarios]())
  const writer = new FeedWriter()
  tell([{ setup: { scheduler, ballooning, dryRun: false, interval } }])
  const pilot = {
    interval,
    ticks,
    scheduler: policies.scheduler[scheduler as keyof typeof policies.scheduler]?.create(),
    ballooning: policies.ballooning[ballooning as keyof typeof policies.ballooning]?.create(),
  }
  for await (const tick of autopilot(host, pilot)) {
    tell(writer.write({ ...tick, decisions: tickDecisions(tick) }))
    await new Promise((resolve) => setTimeout(resolve, interval / speed))
  }
}
