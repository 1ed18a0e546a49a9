import { CpuSet } from '../../host/cpuset.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { header, lineOf, parseJournal } from './format.ts'
import type { JournalEntry } from './journal.ts'

/**
 * The originals of one run of a domain as a text that goes with it to another host: the journal's own lines, after one
 * that says how many pCPUs this host can have. Undefined: Ballast has changed nothing of it.
 */
export function carriedText(entries: readonly JournalEntry[], cpuCount: number): string | undefined {
  const own = entries.filter(({ kind }) => kind !== 'ksm')
  if (own.length === 0) return undefined
  return `${JSON.stringify({ cpuCount })}\n${header}${own.map(lineOf).join('')}`
}

/**
 * What came with a domain, as entries for this host's journal: the same originals and requests, of the run that it has
 * here. A vCPU that could run everywhere there can run everywhere here; of other affinities what this host cannot have is
 * left out. Undefined: the text is none of ours, or a later version's.
 */
export function carriedEntries(
  text: string,
  domain: DomainIdentity,
  cpuCount: number,
): readonly JournalEntry[] | undefined {
  const end = text.indexOf('\n')
  const theirs = cpuCountIn(text.slice(0, end))
  const journal = parseJournal(text.slice(end + 1))
  if (theirs === undefined || !('kept' in journal)) return undefined
  const { uuid, name, id, run } = domain
  return [...journal.kept.values()]
    .filter((entry) => entry.uuid === uuid && entry.kind !== 'ksm')
    .flatMap((entry): JournalEntry[] => {
      const here = { ...entry, name, id, run }
      return here.kind === 'affinity' ? affinityHere(here, theirs, cpuCount) : [here]
    })
}

type AffinityEntry = Extract<JournalEntry, { readonly kind: 'affinity' }>

function affinityHere(entry: AffinityEntry, theirs: number, ours: number): AffinityEntry[] {
  const all = CpuSet.range(0, ours - 1)
  const here = (cpus: CpuSet) => (CpuSet.range(0, theirs - 1).isSubsetOf(cpus) ? all : cpus.and(all))
  const original = here(entry.original)
  // Bound to what is not here: where else it may run, its owner has to say.
  if (original.isEmpty) return []
  const requested = entry.requested?.map(({ wallTime, from, to }) => ({
    wallTime,
    from: here(from),
    to: here(to),
  }))
  return [{ ...entry, original, requested }]
}

function cpuCountIn(line: string): number | undefined {
  try {
    const { cpuCount } = JSON.parse(line) as { cpuCount?: unknown }
    return Number.isSafeInteger(cpuCount) && (cpuCount as number) > 0 ? (cpuCount as number) : undefined
  } catch {
    return undefined
  }
}
