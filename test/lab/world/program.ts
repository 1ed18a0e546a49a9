import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { becomeInWorld } from './enter.ts'
import { removeWorlds, worldRoot, worldRoots } from './root.ts'
import { isWorldName, type WorldName, worldNames } from './worlds.ts'

/** The words of a command line without `--world NAME`, and the world, where it is another than the machine's. */
export function withoutWorld(words: readonly string[]): {
  readonly words: string[]
  readonly world: WorldName | undefined
} {
  const at = words.indexOf('--world')
  if (at < 0) return { words: [...words], world: undefined }
  const name = words[at + 1] ?? ''
  const rest = words.toSpliced(at, 2)
  if (name === 'machine') return { words: rest, world: undefined }
  if (isWorldName(name)) return { words: rest, world: name }
  throw new Error(
    `Expected --world with one of machine, ${worldNames.join(', ')}; got ${JSON.stringify(name)}`,
  )
}

/** Runs a TypeScript program of this checkout in a world, its root made first where it is missing; gives its exit code. */
export async function runProgramInWorld(
  world: WorldName,
  program: string,
  args: readonly string[],
  log: (line: string) => void,
): Promise<number> {
  const root = await worldRoot(world, log)
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return becomeInWorld(root, ['node', '--import', tsx, program, ...args])
}

/** `lab -- worlds [--clean]`: says which roots there are, or removes them. */
export async function showWorlds(clean: boolean, log: (line: string) => void): Promise<void> {
  if (clean) {
    await removeWorlds()
    log('removed')
    return
  }
  const roots = await worldRoots()
  for (const name of worldNames) {
    const root = roots.find((root) => root.name === name)
    console.log(`${name}: ${root ? root.versions.split('\n').join(', ') : 'made at first use'}`)
  }
}
