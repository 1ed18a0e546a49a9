import { define, type ReasonsIn } from '../../policy/reasons/figures.ts'
import { formatBytes } from '../../util/format.ts'

/** Rules that cannot all be kept, whatever is moved. Rules are named as in the configuration: `together: web-*`. */
export const conflictReasons = {
  'together-and-apart': define(
    { guest: 'text', other: 'text', rules: 'text' },
    ({ guest, other, rules }) =>
      `${guest} and ${other} are to be on one host and on two, by the rules ${rules}`,
  ),
  'pinned-apart': define(
    { together: 'text', guest: 'text', other: 'text' },
    ({ together, guest, other }) =>
      `${guest} and ${other} are to be on one host ("${together}"), and no host is allowed for both`,
  ),
  'pinned-nowhere': define(
    { guest: 'text', rules: 'text' },
    ({ guest, rules }) => `${guest} is pinned by ${rules}, which have no host in common`,
  ),
  'too-few-hosts': define(
    { apart: 'text', guests: 'number', hosts: 'number' },
    ({ apart, guests, hosts }) => `${guests} guests are to be apart ("${apart}"), on ${hosts} hosts`,
  ),
  'too-large-together': define(
    { together: 'text', memory: 'bytes', most: 'bytes' },
    ({ together, memory, most }) =>
      `the guests of "${together}" take ${formatBytes(memory)}, and no host has more than ${formatBytes(most)}`,
  ),
  'unknown-rule-host': define(
    { rule: 'text', host: 'text' },
    ({ rule, host }) => `the rule "${rule}" names ${host}, and no such host reports`,
  ),
} as const

export type ConflictReason = ReasonsIn<typeof conflictReasons>
