/** Why a fleet policy wants a step, or none; the guard denies one; or the loop ends one. Kinds and figures, never sentences. */
export type FleetReason = { readonly kind: string }
