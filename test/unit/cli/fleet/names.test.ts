import { expect, test } from 'vitest'
import { hostNamed } from '../../../../lib/cli/fleet/lookup.ts'
import { namesOf } from '../../../../lib/cli/fleet/names.ts'
import type { FleetView } from '../../../../lib/fleet/view/fleet-view.ts'

const hosts = [
  { uuid: '1', name: 'localhost' },
  { uuid: '2', name: 'host2' },
  { uuid: '3', name: 'localhost' },
]

test('hosts of one name are told apart by their UUIDs', () => {
  expect([...namesOf(hosts).values()]).toEqual(['localhost (1)', 'host2', 'localhost (3)'])
})

test('an error that lists hosts tells them apart', () => {
  expect(() => hostNamed({ hosts } as unknown as FleetView, 'host3')).toThrow(
    'no host "host3" reports; there are localhost (1), host2, localhost (3)',
  )
})
