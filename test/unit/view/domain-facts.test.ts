import { describe, expect, it } from 'vitest'
import { FactsTable } from '../../../lib/view/domain-facts.ts'

const domains = [
  { uuid: 'a', name: 'a', id: 1 },
  { uuid: 'b', name: 'b', id: 2 },
]

describe('what is known of domains beside samples', () => {
  it('is asked again once an answer, or the set of domains, has changed', () => {
    const asked: string[] = []
    let version = 1
    const cpuShares = ({ uuid }: { readonly uuid: string }) => 100 * version + asked.push(uuid)
    const facts = new FactsTable({ cpuShares, factsVersion: () => version })
    const first = facts.of(domains)
    expect(first.map((one) => one.cpuShares)).toEqual([101, 102])
    expect(facts.of(domains)).toBe(first)
    version = 2
    expect(facts.of(domains).map((one) => one.cpuShares)).toEqual([203, 204])
    expect(facts.of([...domains])).not.toBe(first)
    expect(asked).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('is asked at every sample where nobody says when it changes', () => {
    let shares = 1
    const facts = new FactsTable({ cpuShares: () => shares })
    expect(facts.of(domains)[0]!.cpuShares).toBe(1)
    shares = 2
    expect(facts.of(domains)[0]!.cpuShares).toBe(2)
  })
})
