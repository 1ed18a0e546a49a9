/** A Debian whose libvirt, QEMU and guest kernel a lab can have, in a root of its own. */
export interface World {
  readonly suite: string
  /** Suites beside it, and what is taken from them. */
  readonly newer?: { readonly suite: string; readonly sources: readonly string[] }
  /** Packages beside those that every world has: what Ballast is compared with. */
  readonly also?: readonly string[]
}

/** Packages that are of one version with each other: libvirt, QEMU and its firmware, the guests' kernel. */
const virtualization = ['libvirt', 'qemu', 'seabios', 'ipxe', 'edk2', 'linux', 'linux-signed-amd64']

export const worlds = {
  debian13: { suite: 'trixie', also: ['mom', 'numad'] },
  'debian13-backports': {
    suite: 'trixie',
    newer: { suite: 'trixie-backports', sources: virtualization },
  },
  testing: { suite: 'forky' },
} as const satisfies Readonly<Record<string, World>>

/** `debian12` and `machine` are no roots: the machine's own packages. */
export type WorldName = keyof typeof worlds

export const worldNames = Object.keys(worlds) as WorldName[]

export function isWorldName(name: string): name is WorldName {
  return Object.hasOwn(worlds, name)
}
