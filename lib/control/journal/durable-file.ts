import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { header } from './format.ts'
import { openJournal } from './open.ts'

/** Creates a journal with its header alone. */
export async function createDurably(path: string): Promise<void> {
  // Not truncated first: what is there is a part of the header.
  const file = await openJournal(path, constants.O_WRONLY | constants.O_CREAT)
  try {
    await file.write(header, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(path)
}

/** Writes a new file of this `mode`. */
export async function writeDurably(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.chmod(mode & 0o777)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The name of a file is in its directory: without this, a power failure can lose a new one. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Leaves the first `length` bytes of a journal. */
export async function cut(path: string, length: number): Promise<void> {
  const file = await openJournal(path, constants.O_WRONLY)
  try {
    await file.truncate(length)
  } finally {
    await file.close()
  }
}

/** Whether the last line is finished: another controller may have been killed, or the disk full, in the middle of one. */
export async function endsWhole(path: string): Promise<boolean> {
  const file = await openJournal(path, constants.O_RDONLY)
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1)
    await file.read(last, 0, 1, size - 1)
    return last.toString() === '\n'
  } finally {
    await file.close()
  }
}

/** Resolves to the size of the file afterwards, in bytes. */
export async function appendDurably(path: string, text: string): Promise<number> {
  // Without O_CREAT: a file that was removed meanwhile must not come back without its header.
  const file = await openJournal(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    await file.writeFile(text)
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}
