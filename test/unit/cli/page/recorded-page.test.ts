import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type RecordedPage, readRecordedPage } from '../../../../lib/cli/page/recorded-page.ts'
import type { Entry } from '../../../../lib/recording/entries.ts'
import type { StoredRecording } from '../../../../lib/recording/read-recording.ts'
import { balance } from '../../../../lib/schedulers/index.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { header, parsed, recorded, stalledAfter } from '../../recording/recorded.ts'

const ticks = 300
const recording = await recorded(simulate(scenarios.A1()), { interval: 1_000, scheduler: balance() }, ticks, {
  loop: { interval: 1_000 },
  policies: { scheduler: { name: 'balance', options: {} } },
})

const stored = (entries: AsyncIterable<Entry>): StoredRecording => ({
  header,
  files: [],
  problems: ['a file is missing'],
  entries,
})

/** The recording, which is read up to some tick until more is let through. */
function stalled(after: number) {
  const { entries, ...gate } = stalledAfter(after, recording.lines)
  return { ...gate, open: async () => [stored(entries())] }
}

const read = (open: () => Promise<StoredRecording[]>, signal = new AbortController().signal) =>
  readRecordedPage(open, {}, signal)

async function documentOf(page: RecordedPage, name: string) {
  const body = await page.document(name)
  return body && JSON.parse(gunzipSync(body).toString())
}

describe('the page of a recording', () => {
  it('has what was read so far while the rest is read', async () => {
    const { open, release } = stalled(200)
    const page = await read(open)
    expect(await page.hasTicks).toBe(true)
    const info = await documentOf(page, 'info')
    expect(info).toMatchObject({ kind: 'recording', uri: header.uri, isWhole: false })
    expect(info.pieces).toHaveLength(1)
    const overview = await documentOf(page, 'overview')
    expect(overview.wallTime).toHaveLength(120)
    expect(overview.wallTime.at(-1)).toBe(info.pieces[0].to)
    const changes = await documentOf(page, 'changes')
    expect(changes.length).toBeGreaterThan(0)
    for (const { wallTime } of changes) expect(wallTime).toBeLessThanOrEqual(info.pieces[0].to)
    expect(await page.document('ticks-1')).toBeUndefined()

    release()
    expect(await page.whole).toEqual({ ticks, problems: ['a file is missing'] })
    const whole = await documentOf(page, 'info')
    expect(whole).toMatchObject({ isWhole: true, problems: ['a file is missing'] })
    expect(whole.pieces).toHaveLength(3)
    expect((await documentOf(page, 'overview')).wallTime).toHaveLength(ticks)
    expect((await documentOf(page, 'ticks-2')).filter((message: object) => 'tick' in message)).toHaveLength(
      60,
    )
  })

  it('makes a document once for all who ask before there is more', async () => {
    const page = await read(stalled(200).open)
    await page.hasTicks
    expect(await page.document('overview')).toBe(await page.document('overview'))
  })

  it('has nothing under any other name', async () => {
    const page = await read(stalled(ticks).open)
    await page.hasTicks
    for (const name of ['ticks-', 'ticks-99', 'constructor', '../info']) {
      expect(await page.document(name), name).toBeUndefined()
    }
  })

  it('says that there is no tick, and why reading failed before the first', async () => {
    const empty = await read(async () => [stored(parsed([]))])
    expect(await empty.hasTicks).toBe(false)
    expect(await empty.whole).toEqual({ ticks: 0, problems: ['a file is missing'] })
    const { open, fail } = stalled(10)
    const page = await read(open)
    fail(new Error('torn'))
    await expect(page.hasTicks).rejects.toThrow('torn')
    await expect(page.whole).rejects.toThrow('torn')
  })

  it('keeps what it has when reading fails later', async () => {
    const { open, fail } = stalled(200)
    const page = await read(open)
    await page.hasTicks
    fail(new Error('torn'))
    await expect(page.whole).rejects.toThrow('torn')
    expect(await documentOf(page, 'info')).toMatchObject({ isWhole: true, pieces: [{}] })
  })

  it('is there without the policies where the recording does not say them', async () => {
    const options = { interval: 1_000, scheduler: balance() }
    const { lines } = await recorded(simulate(scenarios.A1()), options, 10)
    const page = await read(async () => [stored(parsed(lines))])
    expect(await page.whole).toMatchObject({ ticks: 10 })
    const messages: object[] = await documentOf(page, 'ticks-0')
    expect(messages.filter((message) => 'tick' in message)).toHaveLength(10)
    expect(messages.filter((message) => 'setup' in message)).toEqual([])
  })

  it('stops reading when it is told to', async () => {
    const { open, release } = stalled(200)
    const stop = new AbortController()
    const page = await read(open, stop.signal)
    await page.hasTicks
    stop.abort()
    release()
    expect((await page.whole).ticks).toBeLessThan(ticks)
  })
})
