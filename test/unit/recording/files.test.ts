import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BallastError } from '../../../lib/host/errors.ts'
import { scenarios, schedulers, simulate } from '../../../lib/index.ts'
import type { Entry } from '../../../lib/recording/entries.ts'
import { readRecordings } from '../../../lib/recording/read-recording.ts'
import { record } from '../../../lib/recording/record.ts'
import { RecordingFiles } from '../../../lib/recording/recording-files.ts'
import { RecordingHost } from '../../../lib/recording/recording-host.ts'
import { replay } from '../../../lib/recording/replay.ts'
import { eventually } from '../../support/eventually.ts'
import { header } from './recorded.ts'

const origin = { versions: header.versions, uri: header.uri, readOnly: false }
const entry = (t: number): Entry => ({ t, wake: t })

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-recording-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(directory, { recursive: true, force: true })
})

async function write(count: number): Promise<void> {
  await using files = new RecordingFiles(directory, origin)
  for (let t = 0; t < count; t++) files.write(entry(t))
}

async function read(path = directory) {
  const recordings = await readRecordings(path)
  return Promise.all(
    recordings.map(async (recording) => {
      const entries: Entry[] = []
      for await (const one of recording.entries) entries.push(one)
      return { entries, problems: recording.problems, files: recording.files.length }
    }),
  )
}

/** What a file descriptor of this process is open on; one that was closed meanwhile, nothing. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

const paths = () => readdirSync(directory).map((name) => join(directory, name))

describe('the files of a recording', () => {
  it("give back what was written, and are nobody else's to read", async () => {
    await write(1_000)
    const [recording] = await read()
    expect(recording).toMatchObject({ problems: [], files: 1 })
    expect(recording!.entries).toEqual(Array.from({ length: 1_000 }, (_, t) => entry(t)))
    expect(paths().map((path) => statSync(path).mode & 0o777)).toEqual([0o600])
  })

  it('are lines of JSON for any tool', async () => {
    await write(3)
    const lines = gunzipSync(readFileSync(paths()[0]!)).toString().trim().split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['ballastRecording', 't', 't', 't'])
  })

  it('that were cut off at any byte give all whole entries before', async () => {
    await write(2_000)
    const [path] = paths()
    const whole = readFileSync(path!)
    let most = 0
    for (let part = 1; part < 12; part++) {
      writeFileSync(path!, whole.subarray(0, Math.floor((whole.length * part) / 12)))
      const [recording] = await read()
      const entries = recording?.entries ?? []
      expect(entries).toEqual(Array.from({ length: entries.length }, (_, t) => entry(t)))
      expect(entries.length).toBeGreaterThanOrEqual(most)
      most = entries.length
    }
    expect(most).toBeGreaterThan(1_000)
  })

  it('on a disk that is too slow end at the first entry that is left out, and another begins whole', async () => {
    const told: (string | undefined)[] = []
    {
      await using files = new RecordingFiles(directory, origin, { report: (problem) => told.push(problem) })
      files.beginWith(() => [entry(-1)])
      const large = { ...entry(0), padding: 'x'.repeat(2 ** 20) }
      // Nothing is compressed or written until this loop is over.
      for (let count = 0; count < 40; count++) files.write(large)
      files.rotate()
      expect(told).toEqual(['the disk is too slow'])
      await eventually(() => {
        files.rotate()
        expect(paths()).toHaveLength(2)
      })
      files.write(entry(1))
    }
    const [recording] = await read()
    expect(recording?.files).toBe(2)
    expect(recording?.problems).toEqual([
      expect.stringMatching(/^\d+ entries before .* could not be written$/),
    ])
    expect(recording?.entries.slice(-2)).toEqual([entry(-1), entry(1)])
    expect(recording?.entries.length).toBeLessThan(30)
    expect(told).toEqual(['the disk is too slow', undefined])
  })

  it('that were read, or begun to be read, are closed', async () => {
    await write(2_000)
    const open = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(directory))
    await read()
    const [recording] = await readRecordings(directory)
    for await (const _ of recording!.entries) break
    await eventually(() => expect(open()).toEqual([]))
  })

  it('that cannot be read are an error, and not the end of the process', async () => {
    await expect(read(join(directory, 'none'))).rejects.toMatchObject({ code: 'ERR_RECORDING' })
    mkdirSync(join(directory, 'directory.jsonl.gz'))
    await expect(read()).rejects.toMatchObject({ code: 'ERR_RECORDING' })
  })

  it('that are damaged in the middle say so', async () => {
    await write(2_000)
    const [path] = paths()
    const bytes = readFileSync(path!)
    const middle = Math.floor(bytes.length / 2)
    bytes.fill(0xff, middle, middle + 64)
    writeFileSync(path!, bytes)
    const [recording] = await read()
    expect(recording!.problems).toEqual([expect.stringContaining('is damaged')])
  })

  it('follow one another, and each can be read alone', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    {
      await using files = new RecordingFiles(directory, origin)
      files.beginWith(() => [{ t: 1, topology: {} }])
      files.write(entry(1))
      vi.setSystemTime(Date.now() + 3_600_000)
      files.rotate()
      files.write(entry(2))
    }
    expect(await read()).toEqual([{ entries: [entry(1), entry(2)], problems: [], files: 2 }])
    rmSync(paths().sort()[0]!)
    const [second] = await read()
    expect(second!.entries).toEqual([{ t: 1, topology: {} }, entry(2)])
    expect(second!.problems).toEqual([expect.stringContaining('first 1 file is gone')])
  })

  it('are deleted when they are too old, or too large together', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const foreign = join(directory, 'access.jsonl.gz')
    writeFileSync(foreign, '')
    await using files = new RecordingFiles(directory, origin, { keep: 2 * 3_600_000 })
    for (let hour = 0; hour < 6; hour++) {
      files.write(entry(hour))
      vi.setSystemTime(Date.now() + 3_600_000 + 1)
      files.rotate()
    }
    // Their times of modification are real ones, so all but the present one are hours old by the moved clock.
    await eventually(() => expect(paths().length).toBeLessThan(6))
    expect(paths()).toContain(foreign)
  })

  it('that cannot be written cost the recording and nothing else, and are reported once', async () => {
    const reports: (string | undefined)[] = []
    const path = join(directory, 'file')
    writeFileSync(path, '')
    vi.useFakeTimers({ toFake: ['Date'] })
    await using files = new RecordingFiles(path, origin, { report: (problem) => reports.push(problem) })
    files.write(entry(0))
    await eventually(() => expect(reports).toHaveLength(1))
    for (let t = 1; t < 10; t++) files.write(entry(t))
    rmSync(path)
    vi.setSystemTime(Date.now() + 30_001)
    files.rotate()
    files.write(entry(10))
    await eventually(() => expect(reports).toHaveLength(2))
    expect(reports).toEqual([expect.stringContaining('EEXIST'), undefined])
    await files[Symbol.asyncDispose]()
    const [recording] = await read(path)
    expect(recording!.entries).toEqual([entry(10)])
    expect(recording!.problems).toContainEqual(expect.stringContaining('entries before'))
  })

  it('that begin in the middle of a run, after a disk was full, can be replayed', async () => {
    const path = join(directory, 'file')
    writeFileSync(path, '')
    vi.useFakeTimers({ toFake: ['Date'] })
    const options = { interval: 2_000, scheduler: schedulers.balance() }
    {
      await using files = new RecordingFiles(path, origin)
      const host = new RecordingHost(simulate(scenarios.A1()), files)
      files.beginWith(() => host.beginning())
      for await (const tick of record(host, { ...options, ticks: 12 }, {})) {
        if (tick.index === 5) {
          rmSync(path)
          vi.setSystemTime(Date.now() + 30_001)
        }
        files.rotate()
      }
    }
    const [recording] = await readRecordings(path)
    const seen = []
    for await (const { tick } of replay(recording!, () => options)) seen.push(tick)
    expect(seen.length).toBeGreaterThanOrEqual(5)
    expect(seen.flatMap(({ errors }) => errors)).toEqual([])
    expect(seen.at(-1)!.view.vcpus.every(({ usage }) => usage !== undefined)).toBe(true)
  })

  it.each([
    ['nothing', undefined, 'There is no recording'],
    ['a file of a newer version', JSON.stringify({ ...header, ballastRecording: 2 }), 'use a newer one'],
    ['any other file', '{"name":"value"}', 'is no recording of Ballast'],
    ['a log', 'no JSON', 'is no recording of Ballast'],
  ])('are refused where there is %s', async (_name, line, message) => {
    if (line !== undefined) writeFileSync(join(directory, 'a.jsonl.gz'), gzipSync(`${line}\n`))
    const failure = await readRecordings(directory).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(BallastError)
    expect(failure).toMatchObject({ code: 'ERR_RECORDING', message: expect.stringContaining(message) })
  })

  it.each([
    ['there is nothing', () => join(directory, 'none'), /^There is no file or directory .*none: give the d/],
    [
      'a part of the path is a file',
      () => join(file(), 'x'),
      /^Cannot read .*: a part of its path is a file$/,
    ],
  ])('are refused where %s', async (_name, path, message) => {
    const failure = await readRecordings(path()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_RECORDING', message: expect.stringMatching(message) })
  })
})

function file(): string {
  const path = join(directory, 'file')
  writeFileSync(path, '')
  return path
}
