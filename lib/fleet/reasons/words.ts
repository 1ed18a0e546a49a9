/** A time for people: `40 s`, `15 min`, `2.5 h`. */
export function inTime(milliseconds: number): string {
  if (milliseconds < 100_000) return `${shortened(milliseconds / 1_000)} s`
  if (milliseconds < 6_000_000) return `${shortened(milliseconds / 60_000)} min`
  return `${shortened(milliseconds / 3_600_000)} h`
}

function shortened(value: number): string {
  return String(Number(value.toPrecision(2)))
}
