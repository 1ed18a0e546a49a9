import { isWrongOption } from '../../host/errors.ts'
import { type PolicyKind, type PolicyTable, policies } from '../../policies.ts'
import { isWhole, pilotOf, type RecordedConfiguration } from '../../recording/configuration.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import type { Asked } from '../../whatif/what-if.ts'
import type { AskedPolicies, AskedPolicy, WrongAnswer } from './question.ts'

/** What a policy says against an option that it is asked with; undefined: nothing. */
export function wrongIn(instead: AskedPolicies): WrongAnswer | undefined {
  for (const [kind, asked] of Object.entries(instead) as [PolicyKind, AskedPolicy | null][]) {
    if (!asked) continue
    const table: PolicyTable<unknown> = policies[kind]
    try {
      table[asked.name]?.create(asked.options)
    } catch (error) {
      if (!isWrongOption(error)) throw error
      const option = error.option.split('.').map(kebabCase).join('.')
      return { kind: 'wrong', policy: kind, option, expected: error.expected }
    }
  }
  return undefined
}

/** The name of what is played under the recorded policies. */
export const asRecorded = 'as recorded'

/**
 * What is played: the recorded policies, where the recording says which, and those that were asked for. The latter in earnest,
 * even if it was a dry run then.
 */
export function askedOf(
  told: Partial<RecordedConfiguration>,
  interval: number,
  instead: AskedPolicies,
): Asked[] {
  const { loop = { interval }, policies: recorded = {} } = told
  const { dryRun: _, statsPeriod: __, ...rest } = loop
  const others = Object.entries(instead).map(([kind, asked]) => [kind, asked ?? undefined])
  const chosen = { ...recorded, ...Object.fromEntries(others) }
  return [
    ...(isWhole(told) ? [{ name: asRecorded, pilot: pilotOf(told) }] : []),
    { name: askedText(instead), pilot: pilotOf({ loop: rest, policies: chosen }) },
  ]
}

/** What was asked, in a few words: `balance, tolerance 0.1 + none`. */
function askedText(instead: AskedPolicies): string {
  return Object.values(instead)
    .map((asked) => (asked ? [asked.name, ...given(asked.options)].join(', ') : 'none'))
    .join(' + ')
}

function given(options: object, within = ''): string[] {
  return Object.entries(options).flatMap(([option, value]) => {
    const name = `${within}${kebabCase(option)}`
    return typeof value === 'object' ? given(value, `${name}.`) : [`${name} ${value}`]
  })
}
