import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { ftruncateSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { loadNative } from '../../lib/addon/load-native.ts'
import type { NativeFileError } from '../../lib/addon/native.ts'

const native = loadNative()

let directory: string
let path: string
const running: ChildProcess[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-lock-'))
  path = join(directory, 'lock')
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

/** Runs children/lock.ts; resolves with the process and its first lines once it has printed as many. */
async function other(how: string, lines = 1): Promise<{ child: ChildProcess; words: string[] }> {
  const args = ['--expose-gc', `${inject('compiled')}/test/libvirt/children/lock.js`, path, how]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  let text = ''
  while (text.split('\n').length <= lines) {
    const [chunk] = await once(child.stdout!, 'data')
    text += chunk
  }
  return { child, words: text.trim().split(/\s+/) }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** The name of the system error that `call` throws, such as `EACCES`. */
function errorNameOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    const { errno, path: about, message } = error as NativeFileError
    expect(message.startsWith(`${about}: `)).toBe(true)
    return getSystemErrorName(errno)
  }
  return 'no error'
}

describe('a file lock', () => {
  it('is held by one process, until that is killed', async () => {
    const { child, words } = await other('hold')
    expect(words).toEqual(['locked'])
    expect(native.isFileLocked(path)).toBe(true)
    expect(native.lockFile(path)).toBeUndefined()
    expect((await other('hold')).words).toEqual(['busy'])
    await kill(child)
    expect(native.isFileLocked(path)).toBe(false)
    const lock = native.lockFile(path)
    expect(lock).toBeDefined()
    expect((await other('hold')).words).toEqual(['busy'])
    lock?.release()
    expect((await other('hold')).words).toEqual(['locked'])
  })

  it('is not inherited by a child process that outlives its owner', async () => {
    const { child, words } = await other('child')
    const sleeper = Number(words[1])
    try {
      await kill(child)
      expect(process.kill(sleeper, 0)).toBe(true)
      expect(native.isFileLocked(path)).toBe(false)
    } finally {
      process.kill(sleeper, 'SIGKILL')
    }
  })

  it('is not released by the garbage collector', async () => {
    expect((await other('forget')).words).toEqual(['locked'])
    expect(native.isFileLocked(path)).toBe(true)
  })

  it('is released at the end of the worker that took it', async () => {
    const { words } = await other('worker', 2)
    expect(words).toEqual(['locked', 'busy', 'ended', 'false', 'locked'])
  })

  it('lets its owner write into the file, which others read without the lock', () => {
    const lock = native.lockFile(path)!
    expect(statSync(path).mode & 0o777).toBe(0o600)
    for (const text of ['{"pid":123456}', '{"pid":1}']) {
      ftruncateSync(lock.fd)
      writeSync(lock.fd, text, 0)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
    expect(native.isFileLocked(path)).toBe(true)
    lock.release()
    lock.release()
    expect(lock.fd).toBe(-1)
    expect(readFileSync(path, 'utf8')).toBe('{"pid":1}')
  })

  it('says why there can be none', () => {
    expect(native.isFileLocked(path)).toBe(false)
    symlinkSync(join(directory, 'elsewhere'), path)
    expect(errorNameOf(() => native.lockFile(path))).toBe('ELOOP')
    expect(errorNameOf(() => native.isFileLocked(path))).toBe('ELOOP')
    expect(errorNameOf(() => native.lockFile(directory))).toBe('EISDIR')
    expect(errorNameOf(() => native.lockFile(join(directory, 'nothing', 'lock')))).toBe('ENOENT')
  })
})
