import { describe, expect, it } from 'vitest'
import type { deliver } from '../../../../lib/cli/notify/deliver.ts'
import { Notifier } from '../../../../lib/cli/notify/notifier.ts'
import type { Receiver } from '../../../../lib/cli/notify/receiver.ts'
import type { Notification } from '../../../../lib/report/notifications/notification.ts'
import { VirtualClock } from '../../../../lib/simulation/clock.ts'

const receiver: Receiver = { kind: 'url', url: 'https://example.org/secret-path' }

function notification(text: string): Notification {
  return {
    event: 'guest-stuck',
    state: 'begun',
    wallTime: 1_700_000_000_000,
    uuid: text,
    text,
    figures: { a: 1 },
  }
}

/** A notifier whose receiver answers as `hand` says, on a clock of its own. */
function fresh(hand: typeof deliver, { dryRun = false, receivers = [receiver] } = {}) {
  const timer = new VirtualClock(() => undefined)
  const lines: string[] = []
  const sender = { uri: 'qemu:///system', hostname: 'kvm7', dryRun }
  const report = (line: string, level: string) => lines.push(`${level}: ${line}`)
  const notifier = new Notifier(receivers, { sender, timer, report, deliver: hand })
  return { notifier, timer, lines }
}

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('a notifier', () => {
  it('hands each receiver one message after the other, as documented JSON', async () => {
    const handed: string[] = []
    const other: Receiver = { kind: 'program', path: '/bin/page-me' }
    const { notifier, timer, lines } = fresh(
      async (to, message) => {
        handed.push(`${to.kind} ${message}`)
      },
      { receivers: [receiver, other] },
    )
    notifier.tell([{ ...notification('web1 is \u202e stuck'), domain: 'web1' }])
    await timer.sleepUntil(1)
    expect(handed.map((line) => line.split(' ')[0])).toEqual(['url', 'program'])
    const json = handed[0]!.slice('url '.length)
    expect(json).not.toMatch(/\u202e|\n/)
    expect(JSON.parse(json)).toEqual({
      version: 1,
      event: 'guest-stuck',
      state: 'begun',
      time: '2023-11-14T22:13:20.000Z',
      uri: 'qemu:///system',
      hostname: 'kvm7',
      dryRun: false,
      domain: 'web1',
      uuid: 'web1 is \u202e stuck',
      text: 'web1 is \u202e stuck',
      figures: { a: 1 },
      withheld: 0,
      lost: 0,
    })
    expect(lines).toEqual([])
  })

  it('marks what is dry', async () => {
    const handed: { dryRun: boolean; text: string }[] = []
    const hand = async (_: Receiver, message: string) => void handed.push(JSON.parse(message))
    const { notifier, timer } = fresh(hand, { dryRun: true })
    notifier.tell([notification('x')])
    await timer.sleepUntil(1)
    expect(handed).toMatchObject([{ dryRun: true, text: 'dry run: x' }])
  })

  it('tries a failing receiver again after growing pauses, and says so once', async () => {
    const times: number[] = []
    const { notifier, timer, lines } = fresh(async () => {
      times.push(timer.now())
      if (times.length < 4) throw new Error('HTTP status 502')
    })
    notifier.tell([notification('a'), notification('b')])
    await timer.sleepUntil(1_000_000)
    expect(times.map(Math.round)).toEqual([0, 5_000, 25_000, 105_000, 105_000])
    expect(lines).toEqual([
      'warn: cannot notify https://example.org: HTTP status 502; tried again, and not logged again',
      'info: https://example.org takes notifications again',
    ])
  })

  it('gives a message up after five attempts, and the next one says that it is lost', async () => {
    const handed: { text: string; lost: number }[] = []
    const { notifier, timer, lines } = fresh(async (_, message) => {
      const { text, lost } = JSON.parse(message)
      if (text === 'a') throw new Error('refused')
      handed.push({ text, lost })
    })
    notifier.tell([notification('a'), notification('b'), notification('c')])
    await timer.sleepUntil(1_000_000)
    expect(handed).toEqual([
      { text: 'b', lost: 1 },
      { text: 'c', lost: 0 },
    ])
    expect(lines).toHaveLength(2)
  })

  it('cuts a receiver that hangs off, and nobody waits for it meanwhile', async () => {
    const aborted: number[] = []
    const { notifier, timer, lines } = fresh((_to, _message, signal) => {
      signal.addEventListener('abort', () => aborted.push(timer.now()))
      return never(signal)
    })
    notifier.tell([notification('a')])
    await timer.sleepUntil(40_000)
    expect(aborted.map(Math.round)).toEqual([10_000, 25_000])
    expect(lines).toEqual([
      'warn: cannot notify https://example.org: no answer within 10 s; tried again, and not logged again',
    ])
  })

  it('keeps 100 messages and counts what it loses', async () => {
    const lost: number[] = []
    let isOpen = false
    const { notifier, timer } = fresh(async (_, message) => {
      if (!isOpen) throw new Error('closed')
      lost.push(JSON.parse(message).lost)
    })
    for (let i = 0; i < 150; i++) {
      notifier.tell([notification(`${i}`)])
      // No more than 30 are let through in ten minutes.
      await timer.sleepUntil(timer.now() + 60_000)
      if (i === 148) isOpen = true
    }
    await timer.sleepUntil(timer.now() + 1_000_000)
    expect(lost[0]).toBeGreaterThan(10)
    expect(new Set(lost.slice(1))).toEqual(new Set([0]))
  })

  it('waits a second at the end, ends what is under way, and says what is not delivered', async () => {
    const { notifier, timer, lines } = fresh((_to, _message, signal) => never(signal))
    notifier.tell([notification('a'), notification('b')])
    await notifier[Symbol.asyncDispose]()
    expect(Math.round(timer.now())).toBe(1_000)
    expect(lines).toEqual(['warn: 2 notifications could not be delivered to https://example.org'])
  })

  it('delivers at the end what can be', async () => {
    const handed: string[] = []
    const { notifier, timer, lines } = fresh(async (_, message) => void handed.push(JSON.parse(message).text))
    notifier.tell([notification('a'), notification('b')])
    await notifier[Symbol.asyncDispose]()
    expect(handed).toEqual(['a', 'b'])
    expect([timer.now(), lines]).toEqual([0, []])
  })
})
