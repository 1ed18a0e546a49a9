import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../scripts/cached-compiler.mjs', import.meta.url))
const run = promisify(execFile)

let directory: string
/** g++, which notes each time that it compiles. */
let compiler: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-compiler-'))
  compiler = join(directory, 'compiler')
  const notes = `case " $* " in *" -c "*) echo x >> '${directory}/compilations' ;; esac`
  writeFileSync(compiler, `#!/bin/sh\n${notes}\nexec g++ "$@"\n`)
  chmodSync(compiler, 0o755)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const compilations = () =>
  existsSync(join(directory, 'compilations'))
    ? readFileSync(join(directory, 'compilations'), 'utf8').trim().split('\n').length
    : 0

/** Compiles this text in a folder of its own; gives the object. */
async function compile(folder: string, text: string, ...flags: string[]): Promise<Buffer> {
  const cwd = join(directory, folder)
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'source.cc'), text)
  writeFileSync(join(cwd, 'header.h'), 'int header();\n')
  const args = ['-Wall', ...flags, '-I.', '-MMD', '-MF', 'source.d', '-o', 'source.o', '-c', 'source.cc']
  await run(process.execPath, [program, compiler, ...args], { cwd })
  expect(readFileSync(join(cwd, 'source.d'), 'utf8')).toContain('header.h')
  return readFileSync(join(cwd, 'source.o'))
}

/** A source that nobody compiled before. */
const source = () => `#include "header.h"\nint f${process.hrtime.bigint()}() { return header(); }\n`

it('compiles the same text in two folders once', async () => {
  const text = source()
  const first = await compile('a', text, '-Werror')
  expect(await compile('b', `// a comment\n${text}`, '-Werror')).toEqual(first)
  expect(compilations()).toBe(1)
})

it('compiles again what another text or other flags are given for', async () => {
  const text = source()
  await compile('a', text, '-Werror')
  await compile('a', text, '-Werror', '-O2')
  await compile('a', `${text}#ifdef MORE\nint more;\n#endif\n`, '-Werror', '-DMORE')
  expect(compilations()).toBe(3)
})

it('takes nothing with warnings for what has none, and what has none for what may have some', async () => {
  const unused = `${source()}static int unused;\n`
  await compile('a', unused)
  await expect(compile('a', unused, '-Werror')).rejects.toThrow('unused')
  await expect(compile('a', unused, '-Werror')).rejects.toThrow('unused')
  expect(compilations()).toBe(3)

  const clean = source()
  await compile('a', clean, '-Werror')
  await compile('a', clean)
  expect(compilations()).toBe(4)
})
