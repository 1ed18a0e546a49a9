import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { scenarios, schedulers, simulate } from '../../../../lib/index.ts'
import { Recorder } from '../../../../lib/recording/recorder.ts'
import { displayWidth } from '../../../../lib/util/display-width.ts'
import { header } from '../../../unit/recording/recorded.ts'
import { hasTmux, TestTerminal } from './terminal.ts'

let directory: string
let recording: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-top-'))
  recording = join(directory, 'recording')
  await using recorder = new Recorder(simulate(scenarios.A1()), recording)
  const options = { interval: 2_000, ticks: 40, scheduler: schedulers.balance() }
  for await (const _ of recorder.autopilot(options));
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const program = () => join(inject('compiled'), 'test/unit/cli/simulated.js')
const top = (...args: readonly string[]) => `node ${program()} top ${args.join(' ')}`
/** A command line with the settings of the terminal before and after it. */
const compared = (terminal: TestTerminal, command: string) => {
  const [before, after] = ['before', 'after'].map((name) => join(terminal.directory, name))
  return `stty -a > ${before}; ${command}; echo "ended by $?"; stty -a > ${after}`
}
const sameSettings = async (terminal: TestTerminal) => {
  await terminal.shows(/ended by \d+\nready>$/)
  const read = (name: string) => readFileSync(join(terminal.directory, name), 'utf8')
  expect(read('after')).toBe(read('before'))
  expect(terminal.modes).toBe('cursor 1, other screen 0, wraps 1')
}

async function hasEnded(pid: number): Promise<void> {
  const runs = () => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  for (let waits = 0; runs(); waits++) {
    if (waits > 600) throw new Error(`process ${pid} runs on`)
    await sleep(50)
  }
}

// A machine that tests everything has one.
describe.skipIf(!hasTmux && process.env.CI !== 'true')('ballast top in a terminal', () => {
  it('moves through a recording: a guest, its decisions, a filter, a time', async () => {
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
    terminal.run(top(recording))
    const first = await terminal.shows(/tick 1 .* recording, stopped/)
    expect(first[0]).toMatch(
      /^ballast top {2}recorded from .+tick 1 {2}\d\d:\d\d:\d\d {2}recording, stopped$/,
    )
    expect(first[1]).toContain('8 guests on 4 pCPUs')
    expect(first.at(-1)).toContain('q quit  ? keys  / filter')
    expect(first.at(-1)).toContain('Space play')
    terminal.press('Right', 'Right')
    await terminal.shows(/tick 3 /)
    terminal.press('>')
    await terminal.shows(/tick 39 .* end of the recording/)
    terminal.press('N', 'Down', 'Enter')
    const guest = await terminal.shows(/^guest2 +running$/m)
    expect(guest.join('\n')).toMatch(/vCPU +on pCPU +usage[\s\S]*balloon[\s\S]*now/)
    terminal.press('d', 'Enter')
    await terminal.shows(/reason +wants [\d.]+ %, from pCPU/)
    terminal.press('BSpace', 'BSpace', 'BSpace', '/', '3', 'Enter')
    const filtered = await terminal.shows(/only guests with "3"/)
    expect(filtered.filter((line) => /^guest\d /.test(line))).toHaveLength(1)
    terminal.press('<')
    await terminal.shows(/tick 0 /)
    terminal.press('q')
    await terminal.until((screen) => !screen.join('').includes('guest3'), 'the screen from before')
  })

  it('is drawn anew in another size as if it had begun in it', async () => {
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
    terminal.run(top(recording, '--at', '2026-01-01T00:00:20'))
    await terminal.shows(/tick 10 /)
    for (const [columns, rows] of [
      [300, 100],
      [40, 10],
      [120, 30],
    ] as const) {
      terminal.resize(columns, rows)
      await terminal.until(
        (screen) => screen.length === rows && /tick 10 /.test(screen[0]!) && screen[0]!.length === columns,
        `${columns} x ${rows}`,
      )
    }
    using other = new TestTerminal({ columns: 120, rows: 30, env: { TEST_HOST: 'works' } })
    other.run(top(recording, '--at', '2026-01-01T00:00:20'))
    const fresh = await other.shows(/tick 10 /)
    await terminal.until((screen) => screen.join('\n') === fresh.join('\n'), 'what a new one shows')
  })

  it('needs neither colours nor Unicode', async () => {
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works', NO_COLOR: '1', LC_ALL: 'C' } })
    terminal.run(top(recording, '--at', '2026-01-01T00:00:20'))
    const screen = await terminal.shows(/tick 10 /)
    expect(screen.join('')).toMatch(/^[\x20-\x7e]*$/)
    expect(screen.join('\n')).toMatch(/ 0 #+=*\.+ +\d+ %/)
  })

  it('keeps its columns with names that are meant to do harm', async () => {
    const names = [
      '数据库服务器',
      'x'.repeat(4_000),
      'a\u202egnp.exe',
      'esc\x1b[2Jname',
      'e\u0301'.repeat(50),
      '👩‍👩‍👧',
    ]
    const scenario = scenarios.A1()
    const domains = scenario.domains
      .slice(0, names.length)
      .map((one, index) => ({ ...one, name: names[index]! }))
    const harmful = join(directory, 'harmful')
    {
      await using recorder = new Recorder(simulate({ ...scenario, domains }), harmful)
      for await (const _ of recorder.autopilot({ interval: 2_000, ticks: 4 }));
    }
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
    terminal.run(top(harmful, '--at', '2026-01-01T00:00:06'))
    // A score, one vCPU, a usage.
    const figures = /\/\S+ +1 +\d+ %/
    const rowsIn = (screen: readonly string[]) => screen.filter((line) => figures.test(line))
    const rows = rowsIn(
      await terminal.until((screen) => rowsIn(screen).length === names.length, 'a row for each guest'),
    )
    const columns = rows.map((row) => displayWidth(row.slice(0, row.search(figures))))
    expect(new Set(columns)).toHaveProperty('size', 1)
    expect(rows.join('\n')).toContain('a\\u202egnp.exe')
  })

  it.each([
    ['q', 0, (terminal: TestTerminal) => terminal.press('q')],
    ['Ctrl-C', 0, (terminal: TestTerminal) => terminal.press('C-c')],
    ['SIGTERM', 0, (_: TestTerminal, pid: number) => process.kill(pid, 'SIGTERM')],
    ['SIGHUP', 0, (_: TestTerminal, pid: number) => process.kill(pid, 'SIGHUP')],
  ])('leaves the terminal as it was after %s', async (_by, code, end) => {
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
    const pidFile = join(terminal.directory, 'pid')
    terminal.run(compared(terminal, `sh -c 'echo $$ > ${pidFile}; exec ${top(recording)}'`))
    await terminal.shows(/tick 1 /)
    expect(terminal.modes).toBe('cursor 0, other screen 1, wraps 0')
    end(terminal, Number(readFileSync(pidFile, 'utf8')))
    await sameSettings(terminal)
    expect(terminal.screen.join('\n')).toContain(`ended by ${code}`)
  })

  it('leaves it so after an error, and says what was wrong', async () => {
    const broken = join(directory, 'broken')
    mkdirSync(broken)
    const lines = [header, { t: 0, tick: { index: 0, wallTime: 0, outcomes: [], clamps: [], skipped: [] } }]
    writeFileSync(
      join(broken, 'x.jsonl.gz'),
      gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
    )
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
    terminal.run(compared(terminal, top(broken)))
    await sameSettings(terminal)
    expect(terminal.screen.join('\n')).toMatch(
      /ballast: The recording does not say what host it is of\nended by 1/,
    )
  })

  it('is suspended by Ctrl-Z, and comes back', async () => {
    using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
    terminal.run(top(recording))
    const before = await terminal.shows(/tick 1 /)
    terminal.press('C-z')
    await terminal.shows(/Stopped[\s\S]*ready>$/)
    expect(terminal.modes).toBe('cursor 1, other screen 0, wraps 1')
    terminal.run('fg')
    await terminal.until((screen) => screen.join('\n') === before.join('\n'), 'the screen from before')
    terminal.press('q')
    await terminal.shows(/ready>$/)
  })

  it('ends with its terminal, without a word', async () => {
    const [errors, pidFile] = [join(directory, 'errors'), join(directory, 'pid')]
    {
      using terminal = new TestTerminal({ env: { TEST_HOST: 'works' } })
      terminal.run(`sh -c 'echo $$ > ${pidFile}; exec ${top(recording)} 2> ${errors}'`)
      await terminal.shows(/tick 1 /)
    }
    await hasEnded(Number(readFileSync(pidFile, 'utf8')))
    expect(readFileSync(errors, 'utf8')).not.toMatch(/Assertion|Error/)
  })

  it('follows a controller, and watches by itself when that has ended', async () => {
    const env = {
      TEST_HOST: 'paced',
      TEST_URI: 'qemu:///system',
      TEST_LOCKS: join(directory, 'locks'),
      XDG_STATE_HOME: directory,
    }
    mkdirSync(join(directory, 'locks', 'shared'), { recursive: true, mode: 0o700 })
    const controller = spawn(process.execPath, [program(), 'run', '0.2', '--ballooning', 'none'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      await once(controller.stdout, 'data')
      using terminal = new TestTerminal({ env })
      terminal.run(top('-c', 'qemu:///system', '--interval', '0.2'))
      const screen = await terminal.shows(/ballast run \(pid \d+\) .*live/)
      expect(screen[0]).toContain(`pid ${controller.pid}`)
      const tick = (lines: readonly string[]) => Number(/tick (\d+)/.exec(lines[0]!)?.[1])
      const began = tick(screen)
      await terminal.until((lines) => tick(lines) > began + 3, 'later ticks')
      terminal.press('d')
      await terminal.shows(/guest\d: vCPU 0 pinned to pCPU \d: wants/)
      terminal.press('BSpace', 'Space')
      const stopped = await terminal.shows(/ stopped/)
      await terminal.shows(/stopped [2-9] ticks ago/)
      expect(tick(terminal.screen)).toBe(tick(stopped))
      terminal.press('Space')
      controller.kill('SIGTERM')
      await terminal.shows(/watching: no controller runs .*tick \d+ .*live/)
      terminal.press('q')
    } finally {
      controller.kill('SIGKILL')
    }
  })
})
