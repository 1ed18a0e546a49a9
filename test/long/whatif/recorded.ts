import { autopilot } from '../../../lib/control/autopilot.ts'
import { type Scenario, simulate } from '../../../lib/index.ts'
import { type FitOptions, type FittedRecording, fitRecording } from '../../../lib/whatif/fit.ts'
import { type FiguresRecord, HostFigures } from '../../../lib/whatif/host-figures.ts'
import { type Options, parsed, recorded } from '../../unit/recording/recorded.ts'

/** A load fitted to a recording of a simulated host under these options. */
export async function fitted(
  scenario: Scenario,
  options: Options,
  ticks: number,
  part?: FitOptions,
): Promise<FittedRecording> {
  const { lines } = await recorded(simulate(scenario), options, ticks)
  return fitRecording(parsed(lines), part)
}

/** How the scenario itself goes under other options: what an answer has to come near. */
export async function measured(scenario: Scenario, options: Options, ticks: number): Promise<FiguresRecord> {
  const figures = new HostFigures()
  for await (const tick of autopilot(simulate(scenario), { ...options, ticks })) {
    const applied = tick.outcomes.flatMap(({ action, status }) => (status === 'applied' ? [action] : []))
    if (tick.cause === 'interval') figures.take(tick.view, applied)
    else figures.changed(applied)
  }
  return figures.record()
}
