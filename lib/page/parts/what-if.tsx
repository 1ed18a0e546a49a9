import { useEffect, useRef, useState } from 'preact/hooks'
import { timeText } from '../../recording/text.ts'
import { formatPercent } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { askJson, type Info } from '../data/requests.ts'
import { shown } from '../data/state.ts'
import { periodText } from '../figures/period-text.ts'
import type { SimulatorMessage, SimulatorQuestion } from '../simulator/question.ts'
import { Scroller } from './scroller.tsx'

type RecordingInfo = Extract<Info, { kind: 'recording' }>

/** Milliseconds that are played, as the server has them. */
const hour = 3_600_000

type State = SimulatorMessage | { readonly kind: 'idle' } | { readonly kind: 'fitting' }

/** Plays an hour of the recording, or what there is of it, under other policies, beside what was. */
export function WhatIf({ info: { pieces, policies } }: { readonly info: RecordingInfo }) {
  const [state, setState] = useState<State>({ kind: 'idle' })
  const worker = useRef<Worker>(undefined)
  const stop = () => {
    worker.current?.terminate()
    worker.current = undefined
  }
  useEffect(() => stop, [])
  const at = shown.value?.tick.wallTime ?? 0
  // The hour from the moment that is shown on, or the last one.
  const begin = Math.min(at, (pieces.at(-1)?.to ?? 0) - hour)
  const index = Math.max(
    0,
    pieces.findLastIndex(({ from }) => from <= begin),
  )
  const from = pieces[index]?.from ?? 0
  const period = Math.min(hour, (pieces.at(-1)?.to ?? 0) - from)
  const isBusy = state.kind === 'fitting' || state.kind === 'progress'
  const ask = async (event: SubmitEvent) => {
    event.preventDefault()
    const chosen = new FormData(event.currentTarget as HTMLFormElement)
    const instead = {
      scheduler: String(chosen.get('scheduler')),
      ballooning: String(chosen.get('ballooning')),
    }
    setState({ kind: 'fitting' })
    stop()
    try {
      const recorded = await askJson<SimulatorQuestion['recorded']>(`load-${index}`)
      const simulator = new Worker(new URL('../simulator/simulator.ts', import.meta.url), { type: 'module' })
      worker.current = simulator
      simulator.onmessage = ({ data }: MessageEvent<SimulatorMessage>) => setState(data)
      simulator.onerror = ({ message }) => setState({ kind: 'failed', text: message })
      simulator.postMessage({ recorded, instead } satisfies SimulatorQuestion)
    } catch (error) {
      setState({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })
    }
  }
  return (
    <section class="what-if" aria-label="What if">
      <h2>What if</h2>
      <p>
        Plays the {periodText(period)} from {timeText(from)} on a simulated host, in this browser: with the
        policies that were recorded, with these, and with none.
      </p>
      <form class="question" onSubmit={ask}>
        <Choice kind="scheduler" names={policies.scheduler} />
        <Choice kind="ballooning" names={policies.ballooning} />
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
      </form>
      {state.kind === 'answer' && <Cells {...state} />}
    </section>
  )
}

function Choice({ kind, names }: { readonly kind: string; readonly names: readonly string[] }) {
  return (
    <label>
      {kind}{' '}
      <select name={kind}>
        {[...names, 'none'].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
}

function statusOf(state: State): string {
  if (state.kind === 'fitting') return 'fitting the load'
  if (state.kind === 'progress') return `playing: ${formatPercent(state.part, 0)}`
  return state.kind === 'failed' ? printable(state.text) : ''
}

function Cells({ cells, notes }: Extract<SimulatorMessage, { kind: 'answer' }>) {
  const [headings = [], ...lines] = cells
  return (
    <>
      <Scroller name="Answers">
        <table>
          <thead>
            <tr>
              {headings.map((heading, i) => (
                <th key={heading} scope="col" class={i === 0 ? '' : 'figure'}>
                  {heading === '' ? 'figure' : heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(([name, ...figures]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {figures.map((figure, i) => (
                  <td key={headings[i + 1]} class="figure">
                    {figure}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      {notes.map((note) => (
        <p key={note} class="faint">
          {printable(note)}
        </p>
      ))}
    </>
  )
}
