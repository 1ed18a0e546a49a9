import { describe, expect, it } from 'vitest'
import type { AgedReport } from '../../../../lib/fleet/bus/fleet-bus.ts'
import type { PastMigration } from '../../../../lib/fleet/view/fleet-input.ts'
import { migrationsOf } from '../../../../lib/fleet/view/in-flight.ts'
import { body } from '../agent/fixtures.ts'

const guest = body.guests[0]!.uuid
const now = 1_000_000_000
const hour = 3_600_000

/** Reports of two hosts, of which `at` has the guest. */
function reports(at: string): AgedReport[] {
  return ['a', 'b'].map((host) => ({
    age: 0,
    report: {
      ...body,
      version: 1,
      host,
      name: host,
      instance: host,
      sequence: 0,
      answers: {},
      guests: host === at ? [body.guests[0]!] : [],
    },
  }))
}

const moved = (from: string, to: string, at: number): PastMigration => ({
  guest,
  from,
  to,
  at,
  outcome: 'done',
})

/** Where the guest is taken to be on its way to. */
function target(past: readonly PastMigration[], at: string): string | undefined {
  return migrationsOf(reports(at), [], past, now).get(guest)?.to
}

describe('a guest that was moved', () => {
  it('counts on its target for a while, until reports show it there', () => {
    expect(target([moved('a', 'b', now - 5_000)], 'a')).toBe('b')
    expect(target([moved('a', 'b', now - 5_000)], 'b')).toBeUndefined()
    expect(target([moved('a', 'b', now - hour)], 'a')).toBeUndefined()
  })

  it('there and back is where it came back to', () => {
    expect(target([moved('a', 'b', now - 20_000), moved('b', 'a', now - 5_000)], 'a')).toBeUndefined()
  })

  it('by a leader whose clock is ahead is not on its way for as long as that', () => {
    expect(target([moved('a', 'b', now + hour)], 'a')).toBeUndefined()
  })
})
