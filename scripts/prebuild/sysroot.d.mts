/** The folder of an architecture's sysroot, of this machine's release of Debian; made if it is not there. */
export function sysrootOf(arch: string): string
