import type { Entry } from '../../recording/entries.ts'
import { UsageError } from '../exit-codes.ts'

/** Whether the guest of a question, by name or UUID, is in what is read; and which guests are. */
export class SeenGuests {
  readonly names = new Set<string>()
  readonly #guest: string | undefined
  isSeen = false

  constructor(guest: string | undefined) {
    this.#guest = guest
  }

  /** Hands the entries on. */
  async *follow(entries: AsyncIterable<Entry>): AsyncGenerator<Entry, void, undefined> {
    for await (const entry of entries) {
      if ('domains' in entry) {
        for (const { uuid, name } of entry.domains) {
          this.names.add(name)
          this.isSeen ||= this.#guest === uuid || this.#guest === name
        }
      }
      yield entry
    }
  }
}

/** What ends a command that was asked about a guest that is not there; `when` says where it was looked for. */
export function noSuchGuest(guest: string, names: ReadonlySet<string>, when = ''): UsageError {
  const some = [...names].slice(0, 10)
  const more = names.size > some.length ? ', …' : ''
  const there = some.length === 0 ? '' : `; there are ${some.join(', ')}${more}`
  return new UsageError(`no guest ${JSON.stringify(guest)} is known${when}${there}`)
}
