/** The path of a program: the installed one, or that of the package `of` once it is unpacked; undefined: neither. */
export function programOf(name: string, of?: string): string | undefined

/** Unpacks a package of Debian or Ubuntu, unless it is already. Throws where that cannot be done. */
export function unpack(name: string): void

/** The path of libfaketime for programs with threads: of the installed package, or once it is unpacked; undefined: neither. */
export function wrongClockLibrary(): string | undefined
