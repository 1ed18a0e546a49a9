/** A Sample's figure as the View has it: NaN, unknown, becomes undefined. */
export function known(figure: number | undefined): number | undefined {
  return figure === undefined || Number.isNaN(figure) ? undefined : figure
}
