/**
 * How often `BALLAST_RUNS` lets each property run: 1 as written (`npm test`), 0.2 a fifth (`npm run unit` and `check`), 10 ten
 * times as often.
 */
const factor = Number(process.env.BALLAST_RUNS ?? 1)
if (!(factor > 0)) throw new Error(`BALLAST_RUNS must be a number above 0; got ${process.env.BALLAST_RUNS}`)

/** More runs are made than are written. */
export const isSearch = factor > 1

/** The runs of a property that are made of `count` as written. */
export function runs(count: number): number {
  return Math.max(1, Math.round(count * factor))
}
