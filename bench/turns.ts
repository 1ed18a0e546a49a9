import { type Spread, spreadOf } from './spread.ts'

/** Makes one pass over all domains and gives the milliseconds that it took. */
export type Pass = () => Promise<number>

/** Turns before those that count: connections, caches and compilers get warm. */
const warmUpTurns = 2

/**
 * Has every pass measured once per turn, so that noise from outside meets all alike; every second turn goes
 * backwards, so that none always follows the same other one.
 */
export async function takeTurns<Name extends string>(
  passes: Readonly<Record<Name, Pass>>,
  turns: number,
  progress: (turn: number) => void,
): Promise<Readonly<Record<Name, Spread>>> {
  const names = Object.keys(passes) as Name[]
  const taken = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const milliseconds = await passes[name]()
      if (turn >= 0) taken.get(name)!.push(milliseconds)
    }
    if (turn >= 0) progress(turn + 1)
  }
  return Object.fromEntries(names.map((name) => [name, spreadOf(taken.get(name)!)])) as Record<Name, Spread>
}
