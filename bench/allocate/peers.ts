/** One entry of the `Parts` that `shares` fills. */
export interface Part {
  readonly from: number
  readonly to: number
  readonly base: number
  readonly weight: number
}

/** Halvings of the level: from terabytes by the smallest share to less than a byte. */
const halvings = 64

/** The level to which all are filled, by plain bisection: what is usual, and what comes near and not to it. */
export function bisect(parts: readonly Part[], amount: number): number[] {
  const sizesAt = (level: number) =>
    parts.map(({ from, to, base, weight }) => Math.max(from, Math.min(to, base + level * weight)))
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0)
  let low = Math.min(...parts.map(({ from, base, weight }) => (from - base) / weight))
  let high = Math.max(...parts.map(({ to, base, weight }) => (to - base) / weight))
  if (sum(sizesAt(high)) <= amount) return sizesAt(high)
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2
    if (sum(sizesAt(middle)) <= amount) low = middle
    else high = middle
  }
  return sizesAt(low)
}

/**
 * Proxmox's way (its `AutoBalloon.pm`): everyone gets its part of what there is by shares; what a limit leaves over
 * is handed out again among those who are not at theirs, as often as somebody comes to one.
 */
export function handOut(parts: readonly Part[], amount: number): number[] {
  const sizes = parts.map(({ from }) => from)
  let open = parts.map((_, i) => i)
  let left = amount - sizes.reduce((sum, size) => sum + size, 0)
  while (open.length > 0 && left > 1) {
    const weights = open.reduce((sum, i) => sum + parts[i]!.weight, 0)
    const round = left
    open = open.filter((i) => {
      const { to, weight } = parts[i]!
      const gets = Math.min(to - sizes[i]!, (round * weight) / weights)
      sizes[i]! += gets
      left -= gets
      return sizes[i]! < to
    })
  }
  return sizes
}
