import { KiB, MiB } from '../util/units.ts'

/** One read of a file, and how fast reads are: from the disk as fast as from a swap disk. */
const piece = 64 * KiB
const diskSpeed = 32 * MiB
const cacheSpeed = 1024 * MiB

/** What a guest keeps of the files that it reads. It gives way to everything else. Sizes are bytes. */
export class PageCache {
  size: number
  /** Pieces that were read so far. */
  reads = 0

  constructor(size: number) {
    this.size = size
  }

  shrinkTo(room: number): void {
    this.size = Math.max(0, Math.min(this.size, room))
  }

  /** A program reads anywhere in `files` bytes of files for `seconds`; what comes from the disk is kept, up to `room`. */
  read(files: number, room: number, seconds: number): void {
    if (files <= 0) return
    const hit = Math.min(1, this.size / files)
    const pieces = seconds / (hit * (piece / cacheSpeed) + (1 - hit) * (piece / diskSpeed))
    this.reads += pieces
    this.size += Math.max(0, Math.min(pieces * (1 - hit) * piece, files - this.size, room - this.size))
  }
}
