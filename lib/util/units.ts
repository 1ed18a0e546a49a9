/** Bytes in a kibibyte; memory in this library is in bytes unless a name says otherwise. */
export const KiB = 1024
/** Bytes in a mebibyte. */
export const MiB = 1024 * KiB
/** Bytes in a gibibyte. */
export const GiB = 1024 * MiB
