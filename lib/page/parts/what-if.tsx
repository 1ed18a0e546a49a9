import { useEffect, useRef, useState } from 'preact/hooks'
import type { PolicyKind } from '../../policies.ts'
import type { PolicyChoices } from '../../policy/option-fields.ts'
import { timeText } from '../../recording/text.ts'
import { formatPercent } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { playableFrom } from '../data/load.ts'
import type { Info } from '../data/requests.ts'
import { moments, shown } from '../data/state.ts'
import { periodText } from '../figures/period-text.ts'
import type { AskedPolicy, SimulatorMessage, SimulatorQuestion } from '../simulator/question.ts'
import { AnswerTable } from './answer-table.tsx'
import { chosenIn, PolicyChoice } from './policy-choice.tsx'

type State = SimulatorMessage | { readonly kind: 'idle' }

const kinds = ['scheduler', 'ballooning'] as const

/** Plays an hour, or what there is of it, under other policies, beside what was. */
export function WhatIf({ info, policies }: { readonly info: Info; readonly policies: PolicyChoices }) {
  const [state, setState] = useState<State>({ kind: 'idle' })
  const worker = useRef<Worker>(undefined)
  const stop = () => {
    worker.current?.terminate()
    worker.current = undefined
  }
  useEffect(() => stop, [])
  const at = shown.value?.tick.wallTime ?? 0
  const playable = playableFrom(info, at, moments.value.at(-1)?.tick.wallTime ?? at)
  const isBusy = state.kind === 'ready' || state.kind === 'progress'
  const ask = (event: SubmitEvent) => {
    event.preventDefault()
    stop()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const instead: { [Kind in PolicyKind]?: AskedPolicy | null } = {}
    for (const kind of kinds) {
      const chosen = chosenIn(form, kind, policies[kind])
      if (chosen && 'kind' in chosen) return setState(chosen)
      instead[kind] = chosen
    }
    const simulator = new Worker(new URL('../simulator/simulator.ts', import.meta.url), { type: 'module' })
    worker.current = simulator
    const tell = (question: SimulatorQuestion) => simulator.postMessage(question)
    const fail = (text: string) => setState({ kind: 'failed', text })
    simulator.onmessage = ({ data }: MessageEvent<SimulatorMessage>) => {
      setState(data)
      if (data.kind !== 'ready') return
      playable.load().then(
        // To one that was stopped meanwhile it means nothing.
        (load) => tell({ load }),
        (error: unknown) => {
          if (worker.current === simulator) fail(error instanceof Error ? error.message : String(error))
        },
      )
    }
    simulator.onerror = ({ message }) => fail(message)
    setState({ kind: 'ready' })
    tell({ instead })
  }
  return (
    <section class="what-if" aria-label="What if">
      <h2>What if</h2>
      <p>
        Plays the{' '}
        {playable.period === undefined
          ? 'last hour, or what there is of it,'
          : `${periodText(playable.period)} from ${timeText(playable.from)}`}{' '}
        on a simulated host, in this browser: with the policies that were recorded, with these, and with none.
      </p>
      <form class="question" onSubmit={ask}>
        {kinds.map((kind) => (
          <PolicyChoice
            key={kind}
            kind={kind}
            policies={policies[kind]}
            wrong={state.kind === 'wrong' ? state : undefined}
          />
        ))}
        <div class="buttons">
          <button type="submit" disabled={isBusy}>
            Play it
          </button>
          {isBusy && (
            <button
              type="button"
              onClick={() => {
                stop()
                setState({ kind: 'idle' })
              }}
            >
              Stop
            </button>
          )}
          <span role="status">{statusOf(state)}</span>
        </div>
      </form>
      {state.kind === 'answer' && <AnswerTable {...state} />}
    </section>
  )
}

function statusOf(state: State): string {
  if (state.kind === 'ready') return 'fitting the load'
  if (state.kind === 'progress') return `playing: ${formatPercent(state.part, 0)}`
  if (state.kind === 'answer') return `played the ${periodText(state.period)}`
  return state.kind === 'failed' ? printable(state.text) : ''
}
