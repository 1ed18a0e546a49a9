/** A worker that plays a recorded load on a simulated host: as recorded, under other policies, and under none. */
import { configurationIn, pilotOf } from '../../recording/configuration.ts'
import { fromPlain, type Plain } from '../../recording/plain.ts'
import type { FiguresRecord } from '../../whatif/host-figures.ts'
import type { FittedLoad } from '../../whatif/load.ts'
import { missOf } from '../../whatif/miss.ts'
import { answerCells, missLines } from '../../whatif/text.ts'
import { type Answer, type Asked, whatIf } from '../../whatif/what-if.ts'
import type { SimulatorMessage, SimulatorQuestion } from './question.ts'

interface Recorded {
  readonly load: FittedLoad
  readonly recorded: FiguresRecord
  readonly configuration?: Plain
}

const asRecorded = 'as recorded'

const tell = (message: SimulatorMessage) => postMessage(message)

addEventListener('message', ({ data }: MessageEvent<SimulatorQuestion>) => {
  answer(data).then(tell, (error: unknown) =>
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }),
  )
})

async function answer({ recorded: plain, instead }: SimulatorQuestion): Promise<SimulatorMessage> {
  const { load, recorded, configuration } = fromPlain(plain) as Recorded
  const { loop, policies } = configurationIn(configuration ?? null)
  // In earnest, even if it was a dry run then.
  const { dryRun: _, statsPeriod: __, ...rest } = loop
  const name = Object.values(instead).join(' + ')
  const asked: Asked[] = [
    { name: asRecorded, pilot: pilotOf({ loop, policies }) },
    { name, pilot: pilotOf({ loop: rest, policies }, instead) },
  ]
  let told = 0
  const progress = (done: number, total: number) => {
    const part = done / total
    if (part - told < 0.01) return
    told = part
    tell({ kind: 'progress', part })
  }
  const { answers, none } = await whatIf(load, asked, { progress })
  const without: Answer = { name: 'none', played: none, regret: { cpu: undefined, memory: undefined } }
  const same = answers.find((one) => one.name === asRecorded)
  return {
    kind: 'answer',
    cells: answerCells([...answers, without], recorded),
    notes: [...(same ? missLines(missOf(same.played.figures, recorded)) : []), ...load.notes],
  }
}
