/**
 * Names of the system packages of these groups that are not installed; all of them, by Debian's names,
 * where neither apt nor dnf can tell.
 */
export function missingPackages(groups: readonly ('build' | 'lab' | 'fuzz')[]): string[]

/** What the lab needs, by Debian's names. */
export const labPackages: readonly string[]
