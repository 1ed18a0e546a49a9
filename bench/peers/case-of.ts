/** What every peer made of one case: one entry for each turn. */
export interface CaseOf<Figures> {
  readonly case: string
  readonly peers: Readonly<Record<string, readonly Figures[]>>
}
