import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { mergeSetup } from '../../../../lib/cli/controller/setup.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { affinities, ballast, keep } from '../test-context.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'ballast-page-'))
afterAll(() => rmSync(directory, { recursive: true }))
const journal = ['--journal', join(directory, 'journal')]

describe('ballast run --serve', () => {
  it('ends with 2 where others could read it, before anything is changed', async () => {
    const host = simulate(scenarios.A1())
    const before = await affinities(host)
    const run = (...args: string[]) => ballast(['run', '--ticks', '9', ...args, ...journal], keep(host))
    const open = await run('--serve', '0.0.0.0:0')
    expect(open).toMatchObject({ code: 2, stdout: '' })
    expect(open.stderr).toMatch(
      /^ballast: the page at 0\.0\.0\.0:0 could be read from other machines: give a file/,
    )
    const token = join(directory, 'token')
    writeFileSync(token, 'a-secret-of-many-letters')
    chmodSync(token, 0o640)
    const readable = await run('--serve', '0.0.0.0:0', '--serve-token', token)
    expect(readable).toMatchObject({ code: 2, stderr: expect.stringContaining('run chmod 600 on it') })
    expect(await affinities(host)).toEqual(before)
  })

  it('says that a token alone does nothing', () => {
    const options = { serveToken: '/etc/ballast/token' }
    expect(() => mergeSetup({ command: 'ballast run', interval: undefined, options })).toThrow(
      '--serve-token would do nothing: there is no --serve',
    )
  })

  it('is not loaded without being asked for', async () => {
    const loaded = await loadedAtStart('lib/cli/main.ts')
    expect(loaded).toContain('lib/cli/program.ts')
    expect(loaded.filter((file) => /^lib\/(cli\/page|report\/feed|page)\//.test(file))).toEqual([])
  })
})

describe('ballast serve', () => {
  it('says what there is not', async () => {
    const nowhere = async () => {
      throw new Error('it tried to connect')
    }
    expect(await ballast(['serve', join(directory, 'none')], nowhere)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /There is no file or directory .*none: give the directory that "ballast run --record"/,
      ),
    })
    expect(await ballast(['serve', '--listen', 'x:y:z'], nowhere)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--listen must be a port'),
    })
  })
})

/** The sources that a program loads at its start, as it is bundled: all but what is imported later. */
async function loadedAtStart(program: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [program],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'out',
    write: false,
    metafile: true,
    absWorkingDir: root,
  })
  const files = new Set(
    Object.keys(metafile.outputs).filter((file) => metafile.outputs[file]!.entryPoint === program),
  )
  for (const file of files) {
    for (const { path, kind, external } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && !external) files.add(path)
    }
  }
  return [...files].flatMap((file) => Object.keys(metafile.outputs[file]?.inputs ?? {}))
}
