import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a directory of this user's, and those above it that are not there. One level at a time: the recursive `mkdir` of Node
 * 20.20 was seen to hang where nothing can be made.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await make(path)
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    await makeDirectory(above)
    await make(path)
  }
}

async function make(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    if (!isThere || !(await stat(path)).isDirectory()) throw error
  }
}
