import type { FleetSettings } from '../bus/fleet-bus.ts'
import type { FleetChange } from './scenario.ts'
import type { World } from './world.ts'

type Wish = Extract<FleetChange, { kind: 'drain' | 'undrain' | 'pause' | 'go on' | 'move' }>

/** The fleet's settings after its operator has asked for something at `since`, as `ballast fleet` writes them. */
export function settingsAfter(
  wish: Wish,
  settings: FleetSettings,
  world: World,
  since: number,
): FleetSettings {
  const asked = { since, by: 'operator' }
  switch (wish.kind) {
    case 'drain': {
      const { uuid } = world.host(wish.host)
      return { ...settings, draining: { ...settings.draining, [uuid]: asked } }
    }
    case 'undrain': {
      const { [world.host(wish.host).uuid]: _, ...draining } = settings.draining
      return { ...settings, draining }
    }
    case 'pause':
      return { ...settings, paused: asked }
    case 'go on': {
      const { paused: _, ...rest } = settings
      return rest
    }
    case 'move': {
      const move = { to: world.host(wish.to).uuid, ...asked }
      return { ...settings, moves: { ...settings.moves, [world.guest(wish.guest).uuid]: move } }
    }
  }
}
