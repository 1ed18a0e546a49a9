/** A worker that plays a recorded load on a simulated host: as recorded, under other policies, and under none. */
import { toldIn } from '../../recording/configuration.ts'
import { fromPlain, type Plain } from '../../recording/plain.ts'
import { fitRecording } from '../../whatif/fit.ts'
import type { FiguresRecord } from '../../whatif/host-figures.ts'
import type { FittedLoad } from '../../whatif/load.ts'
import { missOf } from '../../whatif/miss.ts'
import { answerCells, missLines } from '../../whatif/text.ts'
import { type Answer, whatIf } from '../../whatif/what-if.ts'
import { askedOf, asRecorded, wrongIn } from './asked.ts'
import { entriesIn } from './entries.ts'
import type { AskedPolicies, RecordedLoad, SimulatorMessage, SimulatorQuestion } from './question.ts'

interface Recorded {
  readonly load: FittedLoad
  readonly recorded: FiguresRecord
  readonly configuration?: Plain | undefined
}

const tell = (message: SimulatorMessage) => postMessage(message)

let instead: AskedPolicies = {}

addEventListener('message', ({ data }: MessageEvent<SimulatorQuestion>) => {
  if ('instead' in data) {
    instead = data.instead
    tell(wrongIn(instead) ?? { kind: 'ready' })
    return
  }
  answer(data.load).then(tell, (error: unknown) =>
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }),
  )
})

async function answer(from: RecordedLoad): Promise<SimulatorMessage> {
  const { load, recorded, configuration } = await recordedIn(from)
  const told = configuration === undefined ? {} : toldIn(configuration)
  const asked = askedOf(told, load.interval, instead)
  let reported = 0
  const progress = (done: number, total: number) => {
    const part = done / total
    if (part - reported < 0.01) return
    reported = part
    tell({ kind: 'progress', part })
  }
  const { answers, none } = await whatIf(load, asked, { progress })
  const without: Answer = { name: 'none', played: none, regret: { cpu: undefined, memory: undefined } }
  const same = answers.find((one) => one.name === asRecorded)
  return {
    kind: 'answer',
    cells: answerCells([...answers, without], recorded),
    period: load.ticks * load.interval,
    notes: [...(same ? missLines(missOf(same.played.figures, recorded)) : []), ...load.notes],
  }
}

async function recordedIn(from: RecordedLoad): Promise<Recorded> {
  if (from.kind === 'fitted') {
    const { configuration } = from.recorded as { readonly configuration?: Plain }
    // As it was recorded: whoever reads the configuration makes values of it.
    return { ...(fromPlain(from.recorded) as Recorded), configuration }
  }
  const { load, figures, run } = await fitRecording(entriesIn(from.body), { from: from.from })
  return { load, recorded: figures.record(), configuration: run?.configuration }
}
