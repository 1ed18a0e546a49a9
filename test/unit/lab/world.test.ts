import { describe, expect, it } from 'vitest'
import { withoutWorld } from '../../lab/world/program.ts'
import { worldNames } from '../../lab/world/worlds.ts'

describe('the world of a lab', () => {
  it('is taken out of the command line, wherever it stands', () => {
    for (const world of worldNames) {
      expect(withoutWorld(['node', 'main.ts', '--world', world, 'case', 'A1'])).toEqual({
        words: ['node', 'main.ts', 'case', 'A1'],
        world,
      })
      expect(withoutWorld(['node', 'main.ts', 'case', 'A1', '--world', world]).world).toBe(world)
    }
  })

  it('is the machine’s own when nothing or the machine is said', () => {
    expect(withoutWorld(['node', 'main.ts', 'up'])).toEqual({
      words: ['node', 'main.ts', 'up'],
      world: undefined,
    })
    expect(withoutWorld(['node', 'main.ts', '--world', 'machine', 'up'])).toEqual({
      words: ['node', 'main.ts', 'up'],
      world: undefined,
    })
  })

  it('is one of those that are known', () => {
    expect(() => withoutWorld(['node', 'main.ts', 'up', '--world', 'debian99'])).toThrow(
      'Expected --world with one of machine, debian13, debian13-backports, testing; got "debian99"',
    )
    expect(() => withoutWorld(['node', 'main.ts', 'up', '--world'])).toThrow('got ""')
  })
})
