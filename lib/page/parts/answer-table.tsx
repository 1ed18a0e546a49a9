import { printable } from '../../util/printable.ts'
import type { SimulatorMessage } from '../simulator/question.ts'
import { Scroller } from './scroller.tsx'

/** What was measured, and what was played, side by side. */
export function AnswerTable({ cells, notes }: Extract<SimulatorMessage, { kind: 'answer' }>) {
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
