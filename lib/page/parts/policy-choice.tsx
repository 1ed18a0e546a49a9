import { useState } from 'preact/hooks'
import { isWrongOption } from '../../host/errors.ts'
import type { PolicyKind } from '../../policies.ts'
import { type OptionField, optionsIn, type PolicyFields } from '../../policy/option-fields.ts'
import type { AskedPolicy, WrongAnswer } from '../simulator/question.ts'

/** Chooses a policy of a kind, or none, and its options. */
export function PolicyChoice({
  kind,
  policies,
  wrong,
}: {
  readonly kind: PolicyKind
  readonly policies: readonly PolicyFields[]
  /** What is wrong with an option; undefined: nothing that is known. */
  readonly wrong: WrongAnswer | undefined
}) {
  const [name, choose] = useState(policies[0]?.name ?? 'none')
  const chosen = policies.find((policy) => policy.name === name)
  return (
    <div class="policy">
      <label>
        {kind}{' '}
        <select name={kind} value={name} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          {policies.map((policy) => (
            <option key={policy.name}>{policy.name}</option>
          ))}
          <option>none</option>
        </select>
      </label>
      {chosen && <span class="faint">{chosen.summary}</span>}
      {chosen && chosen.fields.length > 0 && (
        <fieldset key={name}>
          <legend>options of {name}</legend>
          {chosen.fields.map((field) => (
            <Field
              key={field.name}
              field={field}
              input={inputName(kind, field.name)}
              expected={wrong?.policy === kind && wrong.option === field.name ? wrong.expected : undefined}
            />
          ))}
        </fieldset>
      )}
    </div>
  )
}

function Field({
  field: { name, usual, choices },
  input,
  expected,
}: {
  readonly field: OptionField
  readonly input: string
  readonly expected: string | undefined
}) {
  const problem = expected === undefined ? undefined : `${input}-problem`
  const given = { id: input, name: input, 'aria-invalid': problem !== undefined, 'aria-describedby': problem }
  return (
    <div>
      <label for={input}>{name}</label>{' '}
      {choices ? (
        <select {...given}>
          {choices.map((choice) => (
            <option key={choice} selected={choice === usual}>
              {choice}
            </option>
          ))}
        </select>
      ) : (
        <input {...given} type="text" size={8} defaultValue={usual} autocomplete="off" />
      )}{' '}
      <small class="faint">{usual === undefined ? 'no limit by default' : `default ${usual}`}</small>
      {problem && (
        <p id={problem} class="wrong" role="alert">
          {name} must be {expected}
        </p>
      )}
    </div>
  )
}

/** What was chosen of a kind in a form, or what is wrong with it; null: none. */
export function chosenIn(
  form: FormData,
  kind: PolicyKind,
  policies: readonly PolicyFields[],
): AskedPolicy | WrongAnswer | null {
  const chosen = policies.find(({ name }) => name === form.get(kind))
  if (!chosen) return null
  const { name, fields } = chosen
  const written = new Map(
    fields.map((field) => [field.name, String(form.get(inputName(kind, field.name)) ?? '')]),
  )
  try {
    return { name, options: optionsIn(fields, written) }
  } catch (error) {
    if (!isWrongOption(error)) throw error
    const { option, expected } = error
    return { kind: 'wrong', policy: kind, option, expected }
  }
}

const inputName = (kind: PolicyKind, field: string) => `${kind}.${field}`
