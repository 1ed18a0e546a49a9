/** A fraction as people say it: `41.6 %`. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`
}
