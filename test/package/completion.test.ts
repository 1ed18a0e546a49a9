import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packagingFiles } from '../../scripts/packaging/files.ts'
import { makeDirectory } from './checkout.ts'
import { output } from './shell.ts'

const directory = makeDirectory()
const completions = join(directory, 'completions')

beforeAll(() => {
  for (const [name, text] of packagingFiles('2026-01-02')) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  mkdirSync(join(directory, 'work/sub folder'), { recursive: true })
  writeFileSync(join(directory, 'work/my file.yaml'), '')
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Whether this machine has a program; set-up installs them where it can. */
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Runs a shell in a folder with a file and a folder; the lines that it prints. */
async function lines(command: string, ...args: string[]): Promise<string[]> {
  const text = await output(join(directory, 'work'), command, ...args)
  return text.split('\n').filter((line) => line !== '')
}

/** How a terminal of paper makes bold letters. */
const overstrike = String.fromCharCode(8)

const commands = expect.arrayContaining(['run', 'check', 'schema', 'history', 'help'])
const schedulers = expect.arrayContaining(['balance', 'one-move', 'none'])

/** What is offered after a line; `=` is a word of its own in bash. */
const offers: readonly [line: string, offered: unknown][] = [
  ['ballast ', commands],
  ['ballast wh', ['whatif', 'why']],
  ['ballast run --sch', ['--scheduler']],
  ['ballast run --no-res', ['--no-respect-pins', '--no-restore']],
  ['ballast run --scheduler ', schedulers],
  ['ballast run --log j', ['json']],
  ['ballast run --metrics 9177 --metr', ['--metrics']],
  ['ballast import ', ['azure', 'bitbrains', 'columns']],
  ['ballast import azure --guests 5 my', ['my file.yaml']],
  ['ballast check my', ['my file.yaml']],
  ['ballast run --record sub', ['sub folder']],
  ['ballast help sc', ['schema']],
  ['ballast run --connect ', []],
  ['ballast fleet ', expect.arrayContaining(['status', 'drain', 'history', 'help'])],
  ['ballast fleet dr', ['drain']],
  ['ballast fleet drain --dry', ['--dry-run']],
  ['ballast fleet status --dry', []],
  ['ballast fleet why --si', ['--since']],
  ['ballast fleet run --credentials my', ['my file.yaml']],
  ['ballast status --jo', ['--journal']],
]

describe('completion in bash', () => {
  /** By its words, as bash hands them to the function. */
  const complete = (words: readonly string[]) => {
    // It may be called only while something is completed.
    const script = `compopt() { :; }
      . ${completions}/ballast.bash
      complete -p ballast | grep -q -- '-F _ballast' || exit 1
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _ballast ballast && printf '%s\\n' "\${COMPREPLY[@]}"`
    return lines('bash', '--norc', '-uc', script, 'bash', ...words)
  }

  it.each(offers)('offers after %j', async (line, offered) => {
    expect((await complete(line.split(' '))).sort()).toEqual(offered)
  })

  it.each([
    [['--scheduler', '='], schedulers],
    [['--scheduler', '=', 'pa'], ['pack']],
    [['--config', '=', 'my'], ['my file.yaml']],
    [['--record', 'my'], []],
  ])('offers for the last of %j', async (words, offered) => {
    expect(await complete(['ballast', 'run', ...words])).toEqual(offered)
  })
})

describe.skipIf(!has('zsh'))('completion in zsh', () => {
  const dump = join(directory, 'zcompdump')
  // A shell of its own at a terminal, in which what is offered is printed too. The first of them writes down what there is
  // to complete, which takes longer than all else.
  const script = `zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "PS1= PS2=; stty -echo; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -d $2"
    zpty -w shell 'compadd() {
      if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
      local -a hits
      local hit
      builtin compadd -A hits "$@"
      for hit in $hits; do print -r -- "offered:$hit:"; done
      builtin compadd "$@"
    }
    bindkey "^I" complete-word
    all-offered() { print; print -r -- end of offers; exit }
    comppostfuncs=(all-offered)
    print all is "ready"'
    zpty -r -m shell said '*all is ready*'
    zpty -w -n shell "$3"$'\\t'
    zpty -r -m shell said '*end of offers*'
    print -r -- $said | tr -d '\\r'`

  const complete = async (line: string) => {
    const said = await lines('timeout', '60', 'zsh', '-fc', script, 'zsh', completions, dump, line)
    const offered = said.flatMap((one) => /offered:(.*):$/.exec(one)?.[1] ?? [])
    return [...new Set(offered)].map((one) => one.replaceAll('\\', '')).sort()
  }

  it.each([...offers, ['ballast run --scheduler=pa', ['pack']] as const])(
    'offers after %j',
    async (line, offered) => {
      expect(await complete(line)).toEqual(offered)
    },
  )
})

describe.skipIf(!has('fish'))('completion in fish', () => {
  const complete = async (line: string) => {
    const script = `source ${completions}/ballast.fish; complete -C ${JSON.stringify(line)}`
    const offered = await lines('fish', '--no-config', '-c', script)
    return offered.map((one) => one.replace(/\t.*$/, '').replace(/\/$/, '').replaceAll('\\', '')).sort()
  }

  it.each([...offers, ['ballast run --scheduler=pa', ['--scheduler=pack']] as const])(
    'offers after %j',
    async (line, offered) => {
      expect(await complete(line)).toEqual(offered)
    },
  )
})

describe.skipIf(!has('mandoc'))('the man pages', () => {
  const pages = [...packagingFiles('2026-01-02').keys()].filter((name) => name.startsWith('man/'))

  it('are what mandoc has no warning about', async () => {
    expect(
      await lines('mandoc', '-T', 'lint', '-W', 'warning', ...pages.map((name) => join(directory, name))),
    ).toEqual([])
  })

  it('say what there is to say', async () => {
    const text = await output(directory, 'mandoc', '-T', 'utf8', '-O', 'width=200', 'man/ballast-run.1')
    const plain = text.replace(new RegExp(`.${overstrike}`, 'g'), '')
    expect(plain).toContain('ballast run [options] [seconds]')
    expect(plain).toMatch(/-c, --connect uri\n +The libvirt host to work on/)
    expect(plain).toMatch(/EXIT STATUS\n +0 +Done/)
  })
})
