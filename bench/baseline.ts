import { type ChildProcess, execFile, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { endsWithUs } from './ends-with-us.ts'

/** The build that others are held against: the one before anything was made faster. */
export const baselineCommit = '30f71c61bd12731fcbb094d6554f60193b628406'

/** The checkout that this file is in. */
export const currentTree = fileURLToPath(new URL('..', import.meta.url))

/** What a bench needs of the baseline beside its sources. */
export interface BaselineNeeds {
  /** The native addon, built from the baseline's own sources. Default: it does not. */
  readonly addon?: boolean
}

const run = promisify(execFile)
const mostOutput = 1 << 26

/** The directory of the baseline's tree, as {@link treeOf} has it. */
export async function baselineTree({ addon = false }: BaselineNeeds = {}): Promise<string> {
  const tree = await treeOf(baselineCommit)
  if (addon && !existsSync(join(tree, 'build', 'Release'))) {
    const script = join(tree, 'scripts', 'build-addon.mjs')
    await run(process.execPath, [script, 'gyp'], { cwd: tree, maxBuffer: mostOutput })
  }
  return tree
}

/**
 * The directory of a commit's tree. It is taken from the history of this checkout once and kept under `.cache`, with this
 * checkout's node_modules, so that nothing but the sources differs. Rejects where the history is not there.
 */
export async function treeOf(commit: string): Promise<string> {
  const cache = join(currentTree, '.cache', 'baseline')
  const tree = join(cache, commit)
  if (existsSync(tree)) return tree
  await assertHistory(commit)
  await mkdir(cache, { recursive: true })
  // Made aside and renamed: a tree that is there is whole.
  const draft = await mkdtemp(join(cache, 'draft-'))
  try {
    const archive = join(draft, 'tree.tar')
    await run('git', ['-C', currentTree, 'archive', `--output=${archive}`, commit])
    await run('tar', ['-xf', archive, '-C', draft])
    await rm(archive)
    await symlink(join(currentTree, 'node_modules'), join(draft, 'node_modules'))
    await rename(draft, tree)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return tree
}

async function assertHistory(commit: string): Promise<void> {
  try {
    await run('git', ['-C', currentTree, 'cat-file', '-e', `${commit}^{tree}`])
  } catch (cause) {
    throw new Error(
      `This needs the tree of commit ${commit} from the history of a full clone; it is not in ` +
        `${currentTree} (a shallow clone gets it with: git fetch --unshallow)`,
      { cause },
    )
  }
}

/** A process that measures one build. */
export interface Build<Question, Answer> extends Disposable {
  /** Has one measurement made; one at a time. */
  ask(question: Question): Promise<Answer>
}

/**
 * Starts `script` in a process of its own for the build in `tree`: it gets the URL of the tree's lib as its first argument and
 * answers with {@link answerWith}. `nodeOptions` are arguments for Node, such as `--expose-gc`.
 */
export function startBuild<Question extends object, Answer>(
  script: URL,
  tree: string,
  nodeOptions: readonly string[] = [],
): Build<Question, Answer> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(script, [pathToFileURL(join(tree, 'lib/')).href], {
    cwd: tree,
    execArgv: [...nodeOptions, '--import', tsx],
  })
  endsWithUs(child)
  return {
    ask: (question) => ask<Answer>(child, question),
    [Symbol.dispose]: () => child.kill(),
  }
}

function ask<Answer>(child: ChildProcess, question: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', answered)
      child.off('exit', ended)
      act()
    }
    const answered = (message: unknown) => settle(() => resolve(message as Answer))
    const ended = (code: number | null, signal: string | null) =>
      settle(() => reject(new Error(`A build that is measured ended (${signal ?? code})`)))
    child.on('message', answered)
    child.on('exit', ended)
    child.send(question)
  })
}

/** The other side: answers each question of the bench that started this process. */
export function answerWith<Question, Answer>(measure: (question: Question) => Promise<Answer>): void {
  process.on('message', async (question: Question) => {
    process.send!(await measure(question))
  })
}

/** Answers of both builds to the same questions, turn by turn. */
export interface Turns<Answer> {
  readonly baseline: readonly Answer[]
  readonly current: readonly Answer[]
}

/**
 * Asks both builds the same question `turns` times, the one and then the other, every second time the other way round: so
 * whatever else the machine does meets both alike.
 */
export async function takeTurnsOfBuilds<Question, Answer>(
  baseline: Build<Question, Answer>,
  current: Build<Question, Answer>,
  question: Question,
  turns: number,
): Promise<Turns<Answer>> {
  const answers = { baseline: [] as Answer[], current: [] as Answer[] }
  for (let turn = 0; turn < turns; turn++) {
    const order = turn % 2 === 0 ? (['baseline', 'current'] as const) : (['current', 'baseline'] as const)
    for (const name of order) {
      answers[name].push(await (name === 'baseline' ? baseline : current).ask(question))
    }
  }
  return answers
}
