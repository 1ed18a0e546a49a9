import { createHash } from 'node:crypto'
import type { GuestRequirement } from '../../host/migration.ts'

/** The key of a requirement: guests that need the same of a host have the same, and a host answers it once. Lower-case hex. */
export function requirementKey(requirement: GuestRequirement): string {
  const { architecture, machine, cpu, storage, networks, hugePages, immovable } = requirement
  const parts = [
    architecture,
    machine,
    cpu ?? null,
    sorted(storage),
    sorted(networks),
    hugePages,
    sorted(immovable),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

function sorted(list: readonly string[]): readonly string[] {
  return [...list].sort()
}
