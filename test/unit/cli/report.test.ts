import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesAxis, percentAxis, timeLabels } from '../../../lib/cli/report/axes.ts'
import { heatmap } from '../../../lib/cli/report/heatmap.ts'
import { html } from '../../../lib/cli/report/html.ts'
import { type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { ballast, withMembers } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-report-'))
const recordings = join(directory, 'recordings')
const page = join(directory, 'page.html')
const hostile = '<img src=http://evil/ onerror=alert(1)>"\'&\x1b[2J'
const noHost = async () => {
  throw new Error('a report needs no host')
}
const report = (...args: string[]) => ballast(['report', ...args], noHost, { XDG_STATE_HOME: directory })

beforeAll(async () => {
  const scenario = scenarios.A1()
  const domains = scenario.domains.map((domain, i) => (i === 0 ? { ...domain, name: hostile } : domain))
  const host = simulate({ ...scenario, domains } as Scenario)
  const args = ['run', '--ticks', '40', '--ballooning', 'none', '--record', recordings, '--no-restore']
  expect(await ballast(args, async () => host, { XDG_STATE_HOME: directory })).toMatchObject({ code: 0 })
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('ballast report', () => {
  it('sums up a period in words', async () => {
    const { code, stdout } = await report(recordings)
    expect(code).toBe(0)
    const [first, lead] = stdout.split('\n')
    expect(first).toMatch(/^simulation:\/\/\/, 2026-01-01 \S+ to 2026-01-01 \S+ \(78 s\), 40 ticks$/)
    expect(lead).toMatch(
      /^In \d+ of 2 minutes some guest had less than 90 % of what it wanted\. \d+ changes were made\.$/,
    )
    for (const row of ['load', 'delay', 'memory', 'changes'])
      expect(stdout).toMatch(new RegExp(`^ {2}${row} +\\S`, 'm'))
    expect(stdout).not.toContain('\x1b')
  })

  it('gives the same figures as JSON', async () => {
    const summary = JSON.parse((await report(recordings, '--json')).stdout)
    expect(summary).toMatchObject({
      host: 'simulation:///',
      ticks: 40,
      changes: { sizes: 0, failed: 0 },
      errors: 0,
    })
    expect(summary.guests).toHaveLength(8)
    expect(summary.guests[0].cpuScore).toBeLessThanOrEqual(summary.guests[7].cpuScore)
    expect(summary.worst[0].lowestScore).toBe(summary.lowestCpuScore.least)
  })

  it('says that there is nothing in a period', async () => {
    expect(await report(recordings, '--since', '1s')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no tick in that part of the recordings'),
    })
  })

  it('says where a page cannot be written', async () => {
    const file = join(directory, 'nowhere/page.html')
    expect(await report(recordings, '--html', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(file),
    })
  })

  it('makes no page of two hosts, and tells of each in words', async () => {
    const both = join(directory, 'both')
    for (const uri of ['qemu:///system', 'qemu:///session']) {
      const host = withMembers(simulate(scenarios.A1()), { uri })
      expect(await ballast(['record', '--record', both, '--ticks', '3'], async () => host)).toMatchObject({
        code: 0,
      })
    }
    expect(await report(both, '--html', page)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('recordings of qemu:///system, qemu:///session'),
    })
    expect((await report(both)).stdout).toMatch(/^qemu:\/\/\/system[\s\S]*\n\nqemu:\/\/\/session/)
  })
})

describe('the page of a report', () => {
  let text = ''
  beforeAll(async () => {
    const { code, stdout, stderr } = await report(recordings, '--html', page)
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`wrote ${page}, `),
    })
    text = readFileSync(page, 'utf8')
  })

  it('asks for nothing outside of it, and runs nothing', () => {
    expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`)
    const tags = text.match(/<[a-z][^>]*>/g)!
    for (const tag of tags) {
      expect(tag).not.toMatch(/^<(script|link|iframe|object|embed|base|form)\b/)
      expect(tag).not.toMatch(/\son[a-z]+=/)
      for (const [, address] of tag.matchAll(/\s(?:src|href|xlink:href|action|data)="([^"]*)"/g)) {
        expect(address).toMatch(/^(#|data:image\/png;base64,)/)
      }
    }
    const style = text.match(/<style>([\s\S]*?)<\/style>/)![1]!
    expect(style).not.toMatch(/url\(|@import/)
  })

  it('is well formed', () => {
    const open: string[] = []
    const empty = new Set(['meta', 'path', 'img', 'use', '!doctype'])
    const bare = text.replace(/<style>[\s\S]*?<\/style>/, '')
    for (const [, end, name = ''] of bare.matchAll(/<(\/?)([a-z!][a-z0-9]*)[^>]*>/gi)) {
      if (empty.has(name.toLowerCase())) continue
      if (end) expect(open.pop()).toBe(name)
      else open.push(name)
    }
    expect(open).toEqual([])
  })

  it('shows what came from guests as text', () => {
    expect(text).toContain('&lt;img src=http://evil/ onerror=alert(1)&gt;&quot;&#39;&amp;\\x1b[2J')
    expect(text).not.toContain('<img src=http')
    expect(text).not.toContain('\x1b')
  })

  it('marks changes on the time line with their reasons, and lists them', () => {
    const marks = text.match(/<a href="#(c\d+)">/g)!
    expect(marks.length).toBeGreaterThan(0)
    for (const mark of marks) expect(text).toContain(`<tr id="${mark.slice(10, -2)}">`)
    expect(text).toMatch(/class="tip">.*vCPU 0 pinned to pCPU \d: wants/)
    expect(text).toMatch(/data-name="reason">wants/)
  })

  it('has every plot, with its unit and with words for those who do not see it', () => {
    for (const title of ['Load of the pCPUs', 'Delay', 'Memory', 'Scores']) {
      expect(text).toContain(`aria-label="${title}. `)
    }
    expect(text).toContain('alt="How busy each of 4 pCPUs was over time')
    expect(text).toContain('>100 %</span>')
    expect(text).toMatch(/>\d+ GiB<\/span>/)
    expect(text.match(/class="line (main|dashed|dotted|thin)" d="M0 5H24"/g)!.length).toBeGreaterThan(8)
  })

  it('is for its owner, and small', () => {
    expect(statSync(page).mode & 0o777).toBe(0o600)
    expect(text.length).toBeLessThan(150_000)
  })
})

describe('html', () => {
  it('escapes whatever is not markup of its own', () => {
    const part = html`<b>${'<'}</b>`
    expect(html`<p title="${'"&\u202e'}">${part}${3}${[part, part]}</p>`.text).toBe(
      '<p title="&quot;&amp;\\u202e"><b>&lt;</b>3<b>&lt;</b>\n<b>&lt;</b></p>',
    )
  })
})

describe('a picture of rows', () => {
  it('is a PNG with a pixel for each value', () => {
    const address = heatmap(
      [
        [0, 1, Number.NaN],
        [0.5, 2, -1],
      ],
      3,
      [1, 2, 3],
    )
    const png = Buffer.from(address.replace('data:image/png;base64,', ''), 'base64')
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([3, 2])
    const at = png.indexOf('IDAT')
    const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
    expect([...pixels]).toEqual([0, 1, 63, 0, 0, 32, 63, 1])
    // The checksum of an IEND chunk is the same in every PNG.
    expect(png.readUInt32BE(png.length - 4)).toBe(0xae426082)
  })
})

describe('axes', () => {
  it('have round figures', () => {
    const texts = ({ labels }: { labels: readonly { text: string }[] }) => labels.map(({ text }) => text)
    expect(texts(percentAxis(0.9))).toEqual(['0 %', '25 %', '50 %', '75 %', '100 %'])
    expect(texts(percentAxis(0.03))).toEqual(['0 %', '1 %', '2 %', '3 %', '4 %', '5 %'])
    expect(texts(bytesAxis(30 * GiB))).toEqual(['0 GiB', '8 GiB', '16 GiB', '24 GiB', '32 GiB'])
    expect(texts(bytesAxis(700 * MiB))).toEqual(['0 MiB', '256 MiB', '512 MiB', '768 MiB'])
  })

  it('have round times of the local clock', () => {
    const begin = new Date(2026, 0, 1, 22, 58, 12).getTime()
    const labels = timeLabels(begin, begin + 3 * 3_600_000)
    expect(labels.map(({ text }) => text)).toEqual(['23:00', '23:30', '2 Jan', '00:30', '01:00', '01:30'])
    expect(labels[0]!.at).toBeCloseTo(108 / (3 * 3_600), 5)
    expect(timeLabels(begin, begin).length).toBeLessThan(2)
  })
})
