import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  appendFile,
  chmod,
  chown,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { affinity, manyTimes, memory, period, plain, resize, run } from './entries.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-journal-'))
  path = join(directory, 'not', 'there', 'yet.jsonl')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('fileJournal', () => {
  it('makes its directory and a file that only its owner reads', async () => {
    await fileJournal(path).record([memory(MiB)])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(directory, 'not'))).mode & 0o777).toBe(0o700)
  })

  it('has every line in the file when record() resolves', async () => {
    const journal = fileJournal(path)
    await journal.record([memory(MiB)])
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(3)
    await journal.record([memory(2 * MiB), affinity(0, '1')])
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(5)
  })

  it('goes on with the file of an earlier process: what that found remains the original', async () => {
    await fileJournal(path).record([affinity(0, '0-3')])
    const next = fileJournal(path)
    await next.record([affinity(0, '1'), affinity(1, '2')])
    expect((await next.entries()).map(({ original }) => String(original))).toEqual(['0-3', '2'])
  })

  it('has nothing in it before the first entry, and makes no file', async () => {
    expect(await fileJournal(path).entries()).toEqual([])
    expect(existsSync(path)).toBe(false)
  })

  it.each([
    ['another text file', 'root:x:0:0\nbin:x:1:1\n'],
    ['a file without a line end', 'something precious'],
    ['a journal of a later version', '{"journal":"ballast","version":4}\n'],
    ['a journal of a version that never was', '{"journal":"ballast","version":0}\n'],
  ])('does not touch %s', async (_, content) => {
    path = join(directory, 'precious')
    await writeFile(path, content)
    await expect(fileJournal(path).record([period])).rejects.toMatchObject({ code: 'ERR_JOURNAL' })
    await expect(fileJournal(path).entries()).rejects.toMatchObject({ code: 'ERR_JOURNAL' })
    expect(await readFile(path, 'utf8')).toBe(content)
  })

  it.each([
    'garbage',
    '{}',
    '[]',
    '{"wallTime":1,"uuid":"u","name":"n","id":1,"kind":"affinity","vcpu":0,"original":"0-"}',
    '{"wallTime":1,"uuid":"u","name":"n","id":1,"kind":"memory","original":"1"}',
    '{"wallTime":1,"uuid":"u","name":"n","id":1,"kind":"memory","original":1,"requested":[{"from":1,"to":2}]}',
    '{"wallTime":1,"uuid":"u","name":"n","id":1,"kind":"memory","original":1,"requested":{}}',
  ])('names the line that is damaged: %s', async (line) => {
    await fileJournal(path).record([period])
    await appendFile(path, `${line}\n`)
    await expect(fileJournal(path).entries()).rejects.toMatchObject({
      code: 'ERR_JOURNAL',
      message: expect.stringContaining('Line 3'),
    })
  })

  it.each([
    ['the group', 0o660],
    ['all', 0o602],
  ])('refuses one that %s could write, and leaves it as it is', async (_, mode) => {
    await fileJournal(path).record([period])
    const content = await readFile(path, 'utf8')
    await chmod(path, mode)
    const refused = { code: 'ERR_JOURNAL', message: expect.stringContaining('chmod go-w') }
    await expect(fileJournal(path).entries()).rejects.toMatchObject(refused)
    await expect(fileJournal(path).record([memory(MiB)])).rejects.toMatchObject(refused)
    expect(await readFile(path, 'utf8')).toBe(content)
    await chmod(path, 0o644)
    expect(await fileJournal(path).entries()).toHaveLength(1)
  })

  it('refuses one that others come to be able to write while it is used', async () => {
    const journal = fileJournal(path)
    await journal.record([period])
    await chmod(path, 0o666)
    await expect(journal.record([memory(MiB)])).rejects.toMatchObject({ code: 'ERR_JOURNAL' })
  })

  it.runIf(process.getuid?.() === 0)('refuses one of another user', async () => {
    await fileJournal(path).record([period])
    await chown(path, 65534, 65534)
    await expect(fileJournal(path).record([memory(MiB)])).rejects.toMatchObject({
      code: 'ERR_JOURNAL',
      message: expect.stringContaining('another user (uid 65534)'),
    })
  })

  it('refuses a link, to a journal or to nothing, and a pipe', async () => {
    const target = join(directory, 'target')
    const refused = { code: 'ERR_JOURNAL', message: expect.stringContaining('no regular file') }
    await symlink(target, join(directory, 'link'))
    const link = fileJournal(join(directory, 'link'))
    await expect(link.record([period])).rejects.toMatchObject(refused)
    expect(existsSync(target)).toBe(false)
    await fileJournal(target).record([period])
    await expect(link.entries()).rejects.toMatchObject(refused)
    execFileSync('mkfifo', [join(directory, 'pipe')])
    await expect(fileJournal(join(directory, 'pipe')).entries()).rejects.toMatchObject(refused)
  })

  it('loses nothing when two begin with the same file at the same time', async () => {
    const journals = Array.from({ length: 8 }, () => fileJournal(path))
    await Promise.all(journals.map((journal, vcpu) => journal.record([affinity(vcpu, '0-3')])))
    expect(await fileJournal(path).entries()).toHaveLength(8)
  })

  it('says what to do where it cannot write, and writes when it can', async () => {
    await writeFile(join(directory, 'file'), '')
    const journal = fileJournal(join(directory, 'file', 'journal'))
    await expect(journal.record([period])).rejects.toMatchObject({
      code: 'ERR_JOURNAL',
      message: expect.stringContaining('another path'),
    })
    await rm(join(directory, 'file'))
    await journal.record([period])
    expect(await journal.entries()).toHaveLength(1)
  })

  it.each([
    ['removed', () => rm(path)],
    ['removed with its directory', () => rm(join(directory, 'not'), { recursive: true })],
    ['emptied', () => writeFile(path, '')],
  ])('is made anew when the file is %s meanwhile, with what an earlier run left in it', async (_, lose) => {
    await fileJournal(path).record([affinity(0, '0-3'), affinity(1, '0-3')])
    const journal = fileJournal(path)
    await journal.record([period])
    await journal.forget([affinity(1, '0-3')])
    await lose()
    const left = plain([affinity(0, '0-3'), period])
    expect(plain(await journal.entries())).toEqual(left)
    await journal.record([memory(MiB)])
    expect(plain(await fileJournal(path).entries())).toEqual([...left, ...plain([memory(MiB)])])
    await lose()
    await journal.forget([affinity(0, '0-3'), period, memory(MiB)])
    expect(await fileJournal(path).entries()).toEqual([])
    await journal.remove()
    expect(await journal.entries()).toEqual([])
  })

  it('can be removed, and begun again by another that knew it', async () => {
    const [one, another] = [fileJournal(path), fileJournal(path)]
    await one.record([affinity(0, '0-3')])
    await another.record([affinity(1, '0-3')])
    await one.remove()
    expect(await readdir(join(path, '..'))).toEqual([])
    await one.record([affinity(2, '0-3')])
    expect(await fileJournal(path).entries()).toHaveLength(1)
    await another.record([affinity(3, '0-3')])
    expect(await fileJournal(path).entries()).toHaveLength(2)
  })

  it('forgets what is back, and takes what is found then for the original', async () => {
    const journal = fileJournal(path)
    await journal.record([affinity(0, '0-3'), affinity(1, '0-3')])
    await journal.forget([affinity(0, '0-3')])
    expect(plain(await fileJournal(path).entries())).toEqual(plain([affinity(1, '0-3')]))
    await journal.record([affinity(0, '2')])
    expect((await fileJournal(path).entries()).map(({ original }) => String(original))).toEqual(['0-3', '2'])
  })

  it('says what to do with one of a later version', async () => {
    path = join(directory, 'later')
    await writeFile(path, '{"journal":"ballast","version":4}\n{"any":"thing"}\n')
    await expect(fileJournal(path).entries()).rejects.toMatchObject({
      code: 'ERR_JOURNAL',
      message: expect.stringMatching(/later version .*\(format 4\): restore with that version first/),
    })
  })

  it('reads version 2 under the names of this one, and rewrites it before it adds to it', async () => {
    path = join(directory, 'old')
    const ksm = { wallTime: 1, uuid: '', name: '', id: -1 }
    const [slow, fast] = [100, 200].map((pagesToScan) => ({ pagesToScan, sleep: 20 }))
    const merging = {
      ...ksm,
      kind: 'memoryMerging',
      original: slow,
      asked: [{ wallTime: 1, from: slow, to: fast }],
    }
    const { requested, ...size } = resize(1024, 512)
    const lines = [
      { journal: 'ballast', version: 2 },
      merging,
      { ...size, asked: requested },
      { ...merging, original: fast, asked: undefined },
    ]
    const text = (all: readonly unknown[]) => all.map((line) => `${JSON.stringify(line)}\n`).join('')
    await writeFile(path, text(lines.slice(0, 3)), { mode: 0o600 })
    const read: unknown = { ...ksm, kind: 'ksm', original: slow, requested: merging.asked }
    expect(plain(await fileJournal(path).entries())).toEqual([read, plain([resize(1024, 512)])[0]])

    const journal = fileJournal(path)
    await journal.record([affinity(1, '1')])
    const content = await readFile(path, 'utf8')
    expect(content).toMatch(/^\{"journal":"ballast","version":3\}\n/)
    expect(content).not.toMatch(/asked|memoryMerging/)
    expect(await fileJournal(path).entries()).toHaveLength(3)

    // What is forgotten there is named by the old kind.
    await writeFile(path, text([...lines, { forget: 'memoryMerging  -1' }]))
    expect(plain(await fileJournal(path).entries())).toEqual(plain([resize(1024, 512)]))
  })

  it('reads version 1, which had originals alone, and rewrites it before it adds to it', async () => {
    const old = `{"journal":"ballast","version":1}\n${JSON.stringify(affinity(0, '0-3'))}\n{"torn`
    path = join(directory, 'old')
    await writeFile(path, old, { mode: 0o640 })
    const journal = fileJournal(path)
    expect(plain(await journal.entries())).toEqual(plain([affinity(0, '0-3')]))
    expect(await readFile(path, 'utf8')).toBe(old)
    await journal.record([affinity(1, '1')])
    expect(plain(await fileJournal(path).entries())).toEqual(plain([affinity(0, '0-3'), affinity(1, '1')]))
    expect(await readFile(path, 'utf8')).toMatch(/^\{"journal":"ballast","version":3\}\n/)
    expect((await stat(path)).mode & 0o777).toBe(0o640)
    expect(await readdir(directory)).toEqual(['old', 'old.lock'])
  })

  it('is written anew when it has grown large, with all originals and what was asked for last', async () => {
    const journal = fileJournal(path)
    await journal.record([memory(512 * MiB)])
    await journal.record(manyTimes(0))
    expect((await stat(path)).size).toBeLessThan(10_000)
    expect(await readdir(join(path, '..'))).toEqual(['yet.jsonl', 'yet.jsonl.lock'])
    const [size, pin, ...others] = await fileJournal(path).entries()
    expect(others).toEqual([])
    expect(size).toMatchObject({ kind: 'memory', original: 512 * MiB })
    expect(pin).toMatchObject({ kind: 'affinity', wallTime: run.wallTime })
    expect(pin?.requested?.map(({ wallTime }) => wallTime - run.wallTime)).toEqual(
      Array.from({ length: 8 }, (_, i) => 7_992 + i),
    )
    await journal.record([affinity(1, '1')])
    expect(await fileJournal(path).entries()).toHaveLength(3)
  })

  it('keeps then no longer what runs that have ended began with', async () => {
    const journal = fileJournal(path)
    const ended = { ...memory(MiB), id: 3, wallTime: run.wallTime - 3_600_000 }
    const other = { ...memory(MiB), uuid: 'u-2', wallTime: run.wallTime - 3_600_000 }
    await journal.record([ended, other, { ...memory(MiB), wallTime: run.wallTime - 3_600_000 }])
    await journal.record(manyTimes(0), [{ uuid: 'u-1', name: 'vm', id: 4 }])
    const kept = (await fileJournal(path).entries()).map(({ uuid, id, kind }) => `${uuid} ${id} ${kind}`)
    expect(kept).toEqual(['u-1 4 memory', 'u-1 4 affinity'])
  })

  it('takes away the line that another one was killed in the middle of', async () => {
    const journal = fileJournal(path)
    await journal.record([affinity(0, '0-3')])
    await appendFile(path, '{"wallTime":17000')
    await journal.record([affinity(1, '1')])
    expect(plain(await fileJournal(path).entries())).toEqual(plain([affinity(0, '0-3'), affinity(1, '1')]))
  })
})
