import { hash } from '../util/random.ts'
import type { Announced } from './memory-steps.ts'
import type { DomainScenario } from './scenario.ts'

/** A domain that a host knows, whether it runs or not. */
export interface Definition {
  readonly uuid: string
  readonly name: string
  readonly scenario: DomainScenario
  /** Also while it does not run. */
  isKnown: boolean
  readonly announced: Announced
}

/** The domains of a host. */
export class Definitions {
  readonly #byUuid = new Map<string, Definition>()
  /** By the name that the scenario has: the UUID now. */
  readonly #uuids = new Map<string, string>()

  of(uuid: string): Definition {
    return this.#byUuid.get(uuid)!
  }

  isKnown(uuid: string): boolean {
    return this.#byUuid.get(uuid)?.isKnown ?? false
  }

  /** The domain that has this name in the scenario. */
  named(name: string): Definition {
    return this.#byUuid.get(this.#uuids.get(name)!)!
  }

  /** A domain of the scenario; by default under a UUID that its name has, and under that name. */
  add(
    scenario: DomainScenario,
    uuid: string = uuidOf(scenario.name),
    name: string = scenario.name,
  ): Definition {
    const announced = { actual: 0, at: 0, plugged: 0 }
    const definition = { uuid, name, scenario, isKnown: true, announced }
    this.#byUuid.set(uuid, definition)
    this.#uuids.set(scenario.name, uuid)
    return definition
  }

  /** Another domain takes the place and the name of one: it has another UUID. */
  replace({ uuid, scenario }: Definition, name: string): Definition {
    this.#byUuid.delete(uuid)
    return this.add(scenario, uuidOf(`${uuid} replaced`), name)
  }
}

/** The same name always has the same UUID. */
function uuidOf(name: string): string {
  const hex = [1, 2, 3, 4].map((part) => hash(name, part).toString(16).padStart(8, '0')).join('')
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20),
  ]
  return parts.join('-')
}
