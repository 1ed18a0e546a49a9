import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schedulers } from '../../../lib/index.ts'
import type { Entry, Header } from '../../../lib/recording/entries.ts'
import { record } from '../../../lib/recording/record.ts'
import { RecordingHost } from '../../../lib/recording/recording-host.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { header } from '../recording/recorded.ts'
import { ballast } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-bad-'))
afterAll(() => rmSync(directory, { recursive: true }))

const interval = 2_000
const ticksOfAPart = 8
/** Small, since what-if plays it again and again. */
const loop = { kind: 'loop', work: 6, sleep: 14 } as const
const scenario = {
  pcpus: 2,
  domains: ['guest1', 'guest2'].map((name) => ({ name, vcpus: [{ affinity: '0', load: loop }] })),
}
/** The lines of each of the three files of a recording. */
const parts: string[][] = []

beforeAll(async () => {
  const write = (entry: Entry) => void parts.at(-1)!.push(JSON.stringify(entry))
  const begin = (beginning: readonly Entry[]) => {
    const first: Header = { ...header, part: parts.length, beginning: beginning.length }
    parts.push([first, ...beginning].map((line) => JSON.stringify(line)))
  }
  begin([])
  const host = new RecordingHost(simulate(scenario), { write })
  const configuration = { loop: { interval }, policies: { scheduler: { name: 'balance', options: {} } } }
  const options = { interval, scheduler: schedulers.balance(), ticks: 3 * ticksOfAPart }
  for await (const tick of record(host, options, configuration)) {
    if (tick.index % ticksOfAPart === ticksOfAPart - 1 && parts.length < 3) begin(host.beginning())
  }
})

const commands = {
  history: ['history', '--recording'],
  why: ['why', 'guest1', '--recording'],
  report: ['report'],
  replay: ['replay', '--recording'],
  whatif: ['whatif', '--scheduler', 'none'],
  capacity: ['capacity', '--guest', '1x1GiB', '--most', '1'],
} as const
type Name = keyof typeof commands
const names = Object.keys(commands) as Name[]

const nameOf = (part: number) => `2026-01-01T00000${part}.000Z-00000000.jsonl.gz`
const compress = (lines: readonly string[]) => gzipSync(`${lines.join('\n')}\n`)
const files = (...these: readonly string[][]) =>
  Object.fromEntries(these.map((lines, i) => [nameOf(i), compress(lines)]))
/** The first part, with lines after its tenth, which are before its first tick. */
const with10 = (...more: string[]) => files([...parts[0]!.slice(0, 10), ...more, ...parts[0]!.slice(10)])
const headed = (part: number, by: object) => [JSON.stringify({ ...header, ...by }), ...parts[part]!.slice(1)]

let made = 0
async function run(name: Name, content: Readonly<Record<string, Buffer>>) {
  const path = join(directory, String(made++))
  mkdirSync(path)
  for (const [file, bytes] of Object.entries(content)) writeFileSync(join(path, file), bytes)
  const noHost = async () => {
    throw new Error('a recording needs no host')
  }
  const ending = await ballast([...commands[name], path], noHost, {})
  expect(ending.stderr).not.toContain('unexpected error')
  return ending
}

interface Case {
  readonly of: string
  readonly content: () => Readonly<Record<string, Buffer>>
  /** By command: how it ends, where that is certain, and what it says on stderr; those that are not named do as `others` say. */
  readonly others: readonly [number | undefined, string | RegExp]
  readonly but?: { readonly [K in Name]?: readonly [number, string | RegExp] }
}

const tooShort = [
  1,
  /There are \d ticks with samples in that part of the recording; a load can be fitted to 3 or more/,
] as const
const differs = 'decisions may differ until all was read anew'

const cases: readonly Case[] = [
  {
    of: 'a newer version',
    content: () => files(headed(0, { ballastRecording: 2 })),
    others: [1, 'has version 2 of the format, and this Ballast reads up to 1: use a newer one'],
  },
  {
    of: 'an empty directory',
    content: () => ({}),
    others: [
      1,
      /There is no recording in .*\d; give the directory that "ballast run --record" or "ballast record" wrote to/,
    ],
  },
  {
    of: 'an empty file',
    content: () => ({ [nameOf(0)]: Buffer.alloc(0) }),
    others: [1, `: ${nameOf(0)} is empty`],
  },
  {
    of: 'what is no recording',
    content: () => ({ [nameOf(0)]: Buffer.from('this is no gzip') }),
    others: [1, `: ${nameOf(0)} is no gzip file, as recordings are; give the directory`],
  },
  {
    of: 'an empty file beside a good one',
    content: () => ({ ...files(parts[0]!), [nameOf(7)]: Buffer.alloc(0) }),
    others: [0, `${nameOf(7)} is empty`],
  },
  {
    of: 'no tick',
    content: () => files(parts[0]!.slice(0, 5)),
    others: tooShort,
    but: {
      history: [0, 'no change of any guest is known'],
      why: [2, 'no guest "guest1" is known'],
      report: [1, 'There is no tick in that part of the recordings'],
      replay: [1, 'There is no tick in that part of the recordings'],
    },
  },
  {
    of: 'a writer that was killed',
    content: () => {
      const whole = gzipSync(parts[0]!.join('\n').slice(0, -20))
      return { [nameOf(0)]: whole.subarray(0, whole.length - 8) }
    },
    others: [0, `${nameOf(0)} ends within an entry: its writer was interrupted, or still writes`],
  },
  {
    of: 'a damaged disk',
    content: () => {
      const whole = compress(parts[0]!)
      whole.fill(0, whole.length - 8)
      return { [nameOf(0)]: whole }
    },
    // How much of it is handed out before the damage is found is up to zlib.
    others: [undefined, `${nameOf(0)} is damaged: its bytes are not what was written`],
  },
  {
    of: 'a line that is no entry',
    content: () => with10('null'),
    others: tooShort,
    but: {
      history: [0, 'is damaged at line 11: the rest of it is left out'],
      why: [2, 'is damaged at line 11'],
      report: [1, 'is damaged at line 11'],
      replay: [1, 'is damaged at line 11'],
    },
  },
  {
    of: 'entries of later versions',
    content: () => with10('{"t":1,"news":true}'),
    others: [0, ''],
  },
  {
    of: 'a hole',
    content: () => files(parts[0]!, parts[2]!),
    others: [0, `the file before ${nameOf(1)} is missing: ${differs}`],
    but: { replay: [1, 'missing'] },
  },
  {
    of: 'no beginning',
    content: () => files(parts[1]!),
    others: [0, `its first 1 file is gone: ${differs}`],
    but: { replay: [1, 'gone'] },
  },
  {
    of: 'two hosts',
    content: () => files(parts[0]!, headed(0, { id: 'other', uri: 'qemu:///session' })),
    others: [0, ''],
    but: {
      history: [0, 'the recordings are of simulation:/// and qemu:///session'],
      why: [0, 'the recordings are of simulation:/// and qemu:///session'],
    },
  },
]

/** Lines of output that a command has at least where it ends with 0. */
const leastLines: Record<Name, number> = { history: 0, why: 4, report: 8, replay: 1, whatif: 10, capacity: 2 }

describe.each(cases)('a recording with $of', ({ content, others, but = {} }) => {
  it.each(names)('is read by %s as far as it goes, or refused', async (name) => {
    const [code, text] = but[name] ?? others
    const { stdout, stderr, ...ending } = await run(name, content())
    expect({ ...ending, stderr }).toEqual({
      code: code ?? expect.any(Number),
      stderr: typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text),
    })
    if (code === 0) expect(stdout.split('\n').length - 1).toBeGreaterThanOrEqual(leastLines[name])
  })
})

it('of a file that is no recording nothing is said that one does with a directory', async () => {
  const path = join(directory, 'notes.jsonl')
  for (const [text, why] of [
    ['{"t":1}\n', 'notes.jsonl is no gzip file, as recordings are'],
    ['', 'notes.jsonl is empty'],
  ] as const) {
    writeFileSync(path, text)
    const { code, stderr } = await ballast(['report', path], async () => Promise.reject(new Error()), {})
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`${path} is no recording: ${why}; give the directory that .* wrote to\n$`),
      ),
    })
  }
})

it('of a recording with a hole nothing else is lost', async () => {
  const { stdout } = await run('report', files(parts[0]!, parts[2]!))
  expect(stdout).toContain(`${2 * ticksOfAPart} ticks`)
})

it('of two hosts each is told apart', async () => {
  const both = files(parts[0]!, headed(0, { id: 'other', uri: 'qemu:///session' }))
  for (const name of ['report', 'replay', 'whatif', 'capacity'] as const) {
    expect((await run(name, both)).stdout).toMatch(/^simulation:\/\/\/[\s\S]*^qemu:\/\/\/session/m)
  }
})
