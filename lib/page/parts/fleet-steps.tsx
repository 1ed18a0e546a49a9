import type { FleetPlannedSteps, FleetStepFigures } from '../../report/fleet-figures.ts'
import { counted } from '../../util/format.ts'
import { Scroller } from './scroller.tsx'
import { percentText, TimeLink } from './texts.tsx'

const states: Readonly<Record<FleetStepFigures['state'], string>> = {
  planned: 'planned',
  'under way': 'under way',
  denied: 'denied',
  done: 'done',
  failed: 'failed',
  helped: '✓ helped',
  'no-help': '▲ did not help',
  harm: '✖ did harm',
}

/** What the leader of a fleet did last, why and what came of it, and what it will do. */
export function FleetSteps({
  past,
  planned: { steps, more },
}: {
  readonly past: readonly FleetStepFigures[]
  readonly planned: FleetPlannedSteps
}) {
  return (
    <div class="steps">
      {past.length > 0 && <Steps name="Last steps" steps={past} />}
      {steps.length > 0 && <Steps name="Planned steps" steps={steps} more={more} />}
    </div>
  )
}

function Steps({
  name,
  steps,
  more = 0,
}: {
  readonly name: string
  readonly steps: readonly FleetStepFigures[]
  readonly more?: number
}) {
  return (
    <div>
      <h3>{name}</h3>
      <Scroller name={name}>
        <ol>
          {steps.map((step) => (
            <Step key={`${step.wallTime} ${step.guest} ${step.to}`} {...step} />
          ))}
          {more > 0 && <li class="faint">and {counted(more, 'step')} more</li>}
        </ol>
      </Scroller>
    </div>
  )
}

function Step(step: FleetStepFigures) {
  const { wallTime, guest, from, to, state, reason, problem } = step
  const isBad = state === 'failed' || state === 'harm'
  return (
    <li class="change">
      <div class="line">
        {wallTime !== undefined && <TimeLink at={wallTime} />}
        <span>
          <bdi>{guest}</bdi>: <bdi>{from}</bdi> → <bdi>{to}</bdi>
          {state !== 'planned' && <strong class={isBad ? 'badge bad' : 'badge'}>{states[state]}</strong>}
        </span>
      </div>
      <p class="reason">{reason}</p>
      {problem !== undefined && <p class="result">{problem}</p>}
      {step.before !== undefined && <p class="result">{delayText(step)}</p>}
    </li>
  )
}

/** The longest delay of both hosts: before, as predicted, as seen. */
function delayText({ before, predicted, seen }: FleetStepFigures): string {
  return [
    `longest delay of both ${percentText(before, 1)} before`,
    ...(predicted === undefined ? [] : [`${percentText(predicted, 1)} predicted`]),
    ...(seen === undefined ? [] : [`${percentText(seen, 1)} seen`]),
  ].join(', ')
}
