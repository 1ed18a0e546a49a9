import { useEffect, useState } from 'preact/hooks'
import { policies } from '../../policies.ts'
import { scenarios } from '../../simulation/index.ts'
import type { Choice } from './choice.ts'
import { play } from './play.ts'

const options: { readonly [Name in keyof Choice]: readonly string[] } = {
  scenario: Object.keys(scenarios),
  scheduler: [...Object.keys(policies.scheduler), 'none'],
  ballooning: [...Object.keys(policies.ballooning), 'none'],
}

/** Chooses what is played; each choice begins anew. */
export function Chooser() {
  const [choice, choose] = useState<Choice>({ scenario: 'A1', scheduler: 'balance', ballooning: 'shares' })
  useEffect(() => play(choice), [choice])
  return (
    <section class="chooser" aria-label="What is played">
      <strong>Ballast on a simulated host, in your browser</strong>
      {(Object.keys(options) as (keyof Choice)[]).map((name) => (
        <label key={name}>
          {name}{' '}
          <select
            value={choice[name]}
            onChange={({ currentTarget }) => choose({ ...choice, [name]: currentTarget.value })}
          >
            {options[name].map((option) => (
              <option key={option}>{option}</option>
            ))}
          </select>
        </label>
      ))}
      <button type="button" onClick={() => choose({ ...choice })}>
        Begin anew
      </button>
    </section>
  )
}
