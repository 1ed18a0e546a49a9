import { type Line, line, span } from '../screen/styled.ts'

/** Every key, and what it does. docs/top.md has the same table. */
export const keyTable: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: 'Up Down, k j', does: 'select a guest or a decision; scroll a page' },
  { keys: 'PgUp PgDn, Home End', does: 'the same by a screen, to the first or the last' },
  { keys: 'Enter', does: 'open the guest or the decision that is selected' },
  { keys: 'Esc, Backspace', does: 'back; on the overview: drop the filter' },
  { keys: '/', does: 'type a part of a name: only such guests are shown; Enter keeps it, Esc drops it' },
  { keys: 's', does: 'sort by the next of score, usage, delay, memory, name' },
  { keys: 'S U D M N', does: 'sort by score, usage, delay, memory, name; once more: the other way round' },
  { keys: 'r', does: 'the other way round' },
  { keys: 'd', does: 'the decisions, with a time line' },
  { keys: 'Space', does: 'stop and go on: a recording is played, a host is shown as it is now' },
  { keys: 'Left Right', does: 'a tick back or forth' },
  { keys: '[ ]', does: 'a minute back or forth' },
  { keys: '< >', does: 'to the beginning, to the end' },
  { keys: 'g', does: 'type a time to go to, such as 14:30 or 2026-11-28T14:30' },
  { keys: '+ -', does: 'play a recording faster, slower' },
  { keys: '? h', does: 'this page; once more: back' },
  { keys: 'Ctrl-L', does: 'draw the screen anew' },
  { keys: 'Ctrl-Z', does: 'suspend; "fg" comes back' },
  { keys: 'q, Ctrl-C', does: 'quit' },
]

const signs: readonly string[] = [
  'usage    part of the time that it ran: of a guest, of all its vCPUs together, so that two full ones are 200 %',
  'demand   what it would have run, had it never waited',
  'delay    part of the time that the vCPU waited for a pCPU that waited longest',
  'score    how much of the CPU and of the memory that it wanted it got, of 100 each; "-" is not known',
  'pCPUs    the height of a sign is the load, its colour the demand; red or inverse: more than there is',
]

export function helpLines(): Line[] {
  return [
    line('Keys', 'bold'),
    ...keyTable.map(({ keys, does }): Line => [span(`  ${keys.padEnd(20)}`, 'accent'), span(does)]),
    line(''),
    line('What is shown', 'bold'),
    ...signs.map((text) => line(`  ${text}`)),
  ]
}
