import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, transform } from 'esbuild'
import { expect, it } from 'vitest'
import { root } from './checkout.ts'
import { type Outcome, run } from './shell.ts'

const [major = 0] = process.versions.node.split('.').map(Number)
/** Node 20 calls it experimental. */
const permission = major < 22 ? '--experimental-permission' : '--permission'

const program = `import { connect } from 'ballast'
const host = await connect('test:///default')
console.log((await host.sampleCpu()).vcpu.length)
await host.close()
`
const twoVcpus: Outcome = { code: 0, stdout: '2\n', stderr: '' }

/** The package in an empty project `project`, in the ways of Node that are not the plain one. */
export function uses(project: string): void {
  const write = (name: string, text: string) => writeFileSync(join(project, name), text)
  const node = (...args: string[]) => run(project, process.execPath, args)

  it('runs in a worker thread', async () => {
    write('program.mjs', program)
    write('worker.mjs', "new (await import('node:worker_threads')).Worker('./program.mjs')")
    expect(await node('worker.mjs')).toEqual(twoVcpus)
  })

  it('runs under the permission model, with leave to load addons', async () => {
    write('program.mjs', program)
    const { stderr, ...outcome } = await node(
      permission,
      '--allow-fs-read=*',
      '--allow-addons',
      'program.mjs',
    )
    expect({ ...outcome, stderr: stderr.includes('Error') }).toEqual({ ...twoVcpus, stderr: false })
  })

  it.each([[['--allow-fs-read=*']], [['--allow-addons', `--allow-fs-read=${project}/`]]])(
    'says under the permission model what is missing with %j',
    async (allowed) => {
      write('program.mjs', program)
      const { code, stderr } = await node(permission, ...allowed, 'program.mjs')
      expect(code).toBe(1)
      expect(stderr).toMatch(/Node runs with `--permission`: add `--allow-addons --allow-fs-read=\*`/)
    },
  )

  it.each(['bundled with it', 'bundled without it'])('runs in an esbuild bundle: %s', async (how) => {
    write('program.mjs', program)
    const outfile = join(project, 'out/bundle.mjs')
    await build({
      entryPoints: [join(project, 'program.mjs')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      external: how === 'bundled with it' ? [] : ['ballast'],
      logLevel: 'silent',
    })
    expect(await node(outfile)).toEqual(twoVcpus)
  })

  it('runs the snippets of README', async () => {
    const page = readFileSync(join(root, 'README.md'), 'utf8')
    const snippets = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text!)
    expect(snippets.length).toBeGreaterThan(2)
    for (const text of snippets) {
      // Not in every Node, and esbuild would make something else of it.
      expect(text).not.toMatch(/\busing\b/)
      // A host that is everywhere, and an end.
      const finite = text
        .replace('qemu:///system', 'test:///default')
        .replace('interval: 2_000,', 'interval: 1, ticks: 1,')
      const { code } = await transform(finite, { loader: 'ts', target: `node${process.versions.node}` })
      write('snippet.mjs', code)
      expect(await node('snippet.mjs')).toMatchObject({ code: 0, stderr: '' })
    }
  })
}
