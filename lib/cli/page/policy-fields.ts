import { type PolicyTable, policies } from '../../policies.ts'
import { fieldsOf, type PolicyChoices, type PolicyFields } from '../../policy/option-fields.ts'

/** All of the registry that can be chosen for a load. */
export function policyFields(): PolicyChoices {
  const listed = (table: PolicyTable<unknown>): PolicyFields[] =>
    Object.values(table).map(({ name, summary, options, defaults }) => ({
      name,
      summary,
      fields: fieldsOf(options, defaults),
    }))
  return { scheduler: listed(policies.scheduler), ballooning: listed(policies.ballooning) }
}
