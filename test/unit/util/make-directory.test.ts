import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeDirectory } from '../../../lib/util/make-directory.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-make-directory-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('makeDirectory', () => {
  it('makes what is missing, for this user alone, and takes what is there', async () => {
    const path = join(directory, 'a/b/c')
    await Promise.all([makeDirectory(path), makeDirectory(path), makeDirectory(join(directory, 'a/d'))])
    await makeDirectory(path)
    for (const made of ['a', 'a/b', 'a/b/c', 'a/d']) {
      expect(statSync(join(directory, made)).mode & 0o777).toBe(0o700)
    }
  })

  it('rejects where nothing can be made', async () => {
    await expect(makeDirectory('/dev/null')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeDirectory('/dev/null/below')).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})
