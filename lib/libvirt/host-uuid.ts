import { BallastError } from '../host/errors.ts'

/** The host's own UUID from its capabilities, lower-case. Throws `ERR_NOT_SUPPORTED` where a driver has none. */
export function hostUuidOf(capabilities: string): string {
  const uuid = /<host>\s*<uuid>\s*([0-9a-fA-F-]{36})\s*<\/uuid>/.exec(capabilities)?.[1]
  if (uuid === undefined) {
    throw new BallastError(
      'ERR_NOT_SUPPORTED',
      'This driver of libvirt tells no UUID of its host: guests are moved between hosts of QEMU; leave out "fleet:"',
    )
  }
  return uuid.toLowerCase()
}
