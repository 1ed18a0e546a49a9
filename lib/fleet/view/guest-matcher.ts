import { globMatcher } from '../../util/glob.ts'

/** Whether a guest is one of those that a rule names: a glob over names, or `label:NAME`. */
export function guestMatcher(
  guests: string,
): (guest: { readonly name: string; readonly report: { readonly labels: readonly string[] } }) => boolean {
  if (guests.startsWith('label:')) {
    const label = guests.slice('label:'.length)
    return ({ report }) => report.labels.includes(label)
  }
  const matches = globMatcher(guests)
  return ({ name }) => matches(name)
}
