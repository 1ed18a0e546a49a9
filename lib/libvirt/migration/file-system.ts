import { stat, statfs } from 'node:fs/promises'

/** What the kernel calls file systems that several machines can have at once (`statfs`), as libvirt counts them. */
const shared: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0xff534d42, // CIFS
  0x517b, // SMB
  0xfe534d42, // SMB 2
  0x5346414f, // AFS
  0x01161970, // GFS2
  0x7461636f, // OCFS2
  0x65735546, // FUSE, which GlusterFS and others are
  0x00c36400, // CephFS
  0x47504653, // GPFS
  0x19830326, // BeeGFS
  0x0bd00bd0, // Lustre
])

/** Whether a file is on a file system that only this machine has; undefined: there is no such file, or we may not see it. */
export async function isOnLocalFileSystem(path: string): Promise<boolean | undefined> {
  try {
    const { type } = await statfs(path)
    return !shared.has(type)
  } catch {
    return undefined
  }
}

/** Whether a file is there; undefined: this user may not look. */
export async function isThere(path: string): Promise<boolean | undefined> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'ENOENT' || code === 'ENOTDIR' ? false : undefined
  }
}
