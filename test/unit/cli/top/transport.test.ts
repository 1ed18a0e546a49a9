import { describe, expect, it } from 'vitest'
import type { Command } from '../../../../lib/cli/top/keys.ts'
import { Live } from '../../../../lib/cli/top/live.ts'
import { Player } from '../../../../lib/cli/top/player.ts'
import type { Teller } from '../../../../lib/cli/top/source.ts'
import type { Transport } from '../../../../lib/cli/top/transport.ts'
import { scenarios, schedulers, simulate } from '../../../../lib/index.ts'
import type { Entry } from '../../../../lib/recording/entries.ts'
import type { StoredRecording } from '../../../../lib/recording/read-recording.ts'
import type { TickRecord } from '../../../../lib/report/tick-json.ts'
import { header, parsed, recorded } from '../../recording/recorded.ts'
import { pinOf, tickOf } from './ticks.ts'

/** Resolves as soon as it is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let waits = 0; !isSo(); waits++) {
    if (waits > 5_000) throw new Error('it never came to be so')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const shownBy = ({ model, position }: Transport) => model.tick(position)?.index

/** A host that has told these Ticks, with what was decided before, after what another one told. */
const liveOf = async (
  ticks: readonly TickRecord[],
  past?: readonly Entry[],
  others: readonly Teller[] = [],
  before?: Live,
) => {
  const source = {
    title: 'host',
    others,
    past:
      past &&
      (async function* () {
        yield* past
      })(),
    ticks: (async function* () {
      yield* ticks
    })(),
  }
  const live = new Live(source, () => {}, before?.model)
  await live.run()
  return live
}

describe('a host that is followed', () => {
  const five = [0, 1, 2, 3, 4].map((index) => tickOf(index))

  it('is shown as it is now, until somebody stops', async () => {
    const live = await liveOf(five)
    expect([shownBy(live), live.mode, live.isBehind]).toEqual([4, 'live', false])
    live.do({ kind: 'step', ticks: -2 })
    live.model.take(tickOf(5))
    expect([shownBy(live), live.mode, live.isBehind]).toEqual([2, 'stopped 3 ticks ago', true])
    expect(live.spaceDoes).toBe('go on')
    live.do({ kind: 'pause' })
    expect([shownBy(live), live.mode, live.spaceDoes]).toEqual([5, 'live', 'stop'])
  })

  it.each<[Command, number]>([
    [{ kind: 'jump', to: 'begin' }, 0],
    [{ kind: 'step', ticks: -99 }, 0],
    [{ kind: 'skip', by: -4_000 }, 2],
    [{ kind: 'speed', factor: 2 }, 4],
  ])('obeys %j', async (command, index) => {
    const live = await liveOf(five)
    live.do(command)
    expect(shownBy(live)).toBe(index)
  })

  it('goes to a moment, or the nearest that is known', async () => {
    const live = await liveOf(five)
    live.seek(five[1]!.wallTime + 500)
    expect(shownBy(live)).toBe(1)
    live.seek(0)
    expect(shownBy(live)).toBe(0)
  })

  it('has the decisions of before, each once', async () => {
    const tick = (index: number) => tickOf(index, { outcomes: [pinOf('web1', '1')] })
    const live = await liveOf([tick(1), tick(2)], [
      { t: 0, tick: tick(0) },
      { t: 1, tick: tick(1) },
    ] as never)
    expect(live.model.changes(Number.POSITIVE_INFINITY).map((change) => change.tick)).toEqual([0, 1, 2])
  })
})

describe('a host whose controller ends and comes again', () => {
  it('has its ticks and decisions of before, and none twice', async () => {
    const tick = (index: number) => tickOf(index, { outcomes: [pinOf('web1', '1')] })
    const before = await liveOf([tick(0), tick(1)])
    const watched = await liveOf([tickOf(2)], undefined, [], before)
    const past = [tick(0), tick(1), tick(3)].map((tick, t) => ({ t, tick })) as never
    const live = await liveOf([tick(4)], past, [], watched)
    expect(live.model.changes(Number.POSITIVE_INFINITY).map((change) => change.tick)).toEqual([0, 1, 3, 4])
    expect([live.model.first, live.model.last, shownBy(live)]).toEqual([0, 3, 4])
  })
})

describe('a host with two controllers', () => {
  it('has the Ticks of one, and the decisions of both', async () => {
    const tellerOf = (ticks: readonly TickRecord[]): Teller => ({
      past: undefined,
      ticks: (async function* () {
        yield* ticks
      })(),
    })
    const other = tellerOf([tickOf(0, { outcomes: [pinOf('db1', '0')] })])
    const slow = async function* () {
      yield tickOf(0)
      await new Promise((resolve) => setImmediate(resolve))
      yield tickOf(1, { outcomes: [pinOf('web1', '1')] })
    }
    const live = new Live({ title: '', past: undefined, ticks: slow(), others: [other] }, () => {})
    await live.run()
    const domains = live.model.changes(Number.POSITIVE_INFINITY).map(({ outcome }) => outcome.action.domain)
    expect([domains, live.model.last]).toEqual([['db1', 'web1'], 1])
  })

  it('ends with what is wrong with either', async () => {
    const broken = async function* (): AsyncGenerator<TickRecord> {
      yield tickOf(0)
      throw new Error('says what is no Tick')
    }
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    const others = [{ past: undefined, ticks: broken() }]
    const live = new Live({ title: '', past: undefined, ticks: never, others }, () => {})
    await expect(live.run()).rejects.toThrow('says what is no Tick')
  })
})

describe('a recording', async () => {
  const options = { interval: 2_000, scheduler: schedulers.balance() }
  const { lines, ticks } = await recorded(simulate(scenarios.A1()), options, 230)
  const { wallTime } = ticks[0]!

  const played = (at?: number) => {
    let reads = 0
    const open = async (): Promise<StoredRecording> => {
      reads++
      return { header, files: [], problems: ['its writer still writes'], entries: parsed(lines) }
    }
    const stop = new AbortController()
    const player = new Player(open, { title: 'recording', at, signal: stop.signal, changed: () => {} })
    const done = player.run()
    const end = () => {
      stop.abort()
      return done
    }
    return { player, reads: () => reads, [Symbol.asyncDispose]: end }
  }
  const goes = async (player: Player, command: Command, index: number) => {
    player.do(command)
    await until(() => shownBy(player) === index && player.message === undefined)
  }

  it('begins at the first tick that has loads, and steps forth and back', async () => {
    await using run = played()
    await until(() => shownBy(run.player) === 1)
    expect([run.player.mode, run.player.spaceDoes]).toEqual(['recording, stopped', 'play'])
    await goes(run.player, { kind: 'step', ticks: 1 }, 2)
    await goes(run.player, { kind: 'step', ticks: -1 }, 1)
    await goes(run.player, { kind: 'skip', by: 60_000 }, 31)
    await goes(run.player, { kind: 'jump', to: 'begin' }, 0)
    expect(run.reads()).toBe(1)
  })

  it('takes each step of several that come at once', async () => {
    await using run = played()
    await until(() => shownBy(run.player) === 1)
    for (let i = 0; i < 4; i++) run.player.do({ kind: 'step', ticks: 1 })
    await goes(run.player, { kind: 'step', ticks: -1 }, 4)
  })

  it('begins at a moment', async () => {
    await using run = played(wallTime + 20_000)
    await until(() => shownBy(run.player) === 10)
  })

  it('is read again where one goes back further than is kept, with the same to be seen', async () => {
    await using run = played(wallTime + 10_000)
    await until(() => shownBy(run.player) === 5)
    const before = JSON.stringify(run.player.model.tick(run.player.position))
    run.player.do({ kind: 'jump', to: 'end' })
    await until(() => shownBy(run.player) === 229 && run.player.mode === 'end of the recording')
    expect(run.player.model.first).toBeGreaterThan(5)
    await until(() => run.player.message === 'its writer still writes')
    run.player.seek(wallTime + 10_000)
    await until(() => shownBy(run.player) === 5)
    expect(run.reads()).toBe(2)
    expect(JSON.stringify(run.player.model.tick(run.player.position))).toBe(before)
  })

  it('is played, faster, and stopped', async () => {
    await using run = played()
    for (let i = 0; i < 6; i++) run.player.do({ kind: 'speed', factor: 2 })
    run.player.do({ kind: 'pause' })
    expect([run.player.mode, run.player.spaceDoes]).toEqual(['recording, playing at 64x', 'stop'])
    await until(() => run.player.position >= 3)
    run.player.do({ kind: 'pause' })
    expect(run.player.mode).toBe('recording, stopped at 64x')
  })

  it('of which nothing can be read ends the look with what is wrong', async () => {
    const broken = async () => {
      throw new Error('no such disk')
    }
    const { signal } = new AbortController()
    const player = new Player(broken, { title: '', at: undefined, signal, changed: () => {} })
    await expect(player.run()).rejects.toThrow('no such disk')
  })
})
