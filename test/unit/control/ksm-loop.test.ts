import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import type { Ksm } from '../../../lib/host/ksm.ts'
import { type KsmPolicy, setKsm } from '../../../lib/policy/plan.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { tickRecord } from '../../../lib/report/tick-json.ts'
import { FakeHost, guest } from './fake-host.ts'

/** A remote host: the rate can be set, and nothing switched. */
const usual: Ksm = {
  pagesToScan: 100,
  sleep: 20,
  running: true,
  canSwitch: false,
  advisor: undefined,
  saved: 0,
}

const wants =
  (pagesToScan: number): KsmPolicy =>
  () => [setKsm({ pagesToScan, sleep: 20 }, 'a test')]

function hostWith(merging: FakeHost['ksmState']): FakeHost {
  const host = new FakeHost([guest(1)])
  host.ksmState = merging
  return host
}

async function run(host: FakeHost, merging: KsmPolicy, ticks: number, more: object = {}): Promise<Tick[]> {
  const seen: Tick[] = []
  for await (const tick of autopilot(host, { interval: 1_000, ticks, ksm: merging, ...more })) seen.push(tick)
  return seen
}

const sets = (host: FakeHost) => host.calls.filter((call) => call.startsWith('setKsm'))

describe('KSM', () => {
  it('is set once, and restored from the journal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ballast-merging-'))
    try {
      const host = hostWith(usual)
      const journal = fileJournal(join(directory, 'journal'))
      const ticks = await run(host, wants(400), 4, { journal })
      expect(sets(host)).toEqual(['setKsm 400 20 true'])
      expect(ticks.map(({ ksm: merging }) => merging?.outcome?.status)).toEqual([
        'applied',
        undefined,
        undefined,
        undefined,
      ])
      const record = tickRecord(ticks[0]!)
      expect(record.ksm?.outcome).toMatchObject({ status: 'applied', action: { pagesToScan: 400 } })
      expect(new LogFormatter().lines(ticks[0]!).at(-1)).toContain(
        'scan 400 pages for KSM each 20 ms: a test',
      )

      const again = fileJournal(join(directory, 'journal'))
      expect((await again.entries()).find(({ kind }) => kind === 'ksm')?.original).toEqual({
        running: true,
        pagesToScan: 100,
        sleep: 20,
      })
      const report = await restore(host, again)
      expect(report.notRestored).toEqual([])
      expect(report.restored.map(({ kind }) => kind)).toContain('ksm')
      expect(host.ksmState).toEqual(usual)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('stays as it is in a dry run', async () => {
    const host = hostWith(usual)
    const [tick] = await run(host, wants(400), 1, { dryRun: true })
    expect(tick!.ksm?.outcome?.status).toBe('dry-run')
    expect(sets(host)).toEqual([])
  })

  it.each([
    [undefined, 'the host has none, or libvirt does not tell'],
    [{ ...usual, running: false }, 'it is switched off, and Ballast may not switch it on here'],
  ])('reports once where it cannot be changed', async (merging, why) => {
    const host = hostWith(merging)
    const ticks = await run(host, wants(400), 3)
    const narrator = new LogFormatter()
    const lines = ticks.flatMap((tick) => narrator.lines(tick)).filter((line) => line.includes('KSM'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(why)
    expect(sets(host)).toEqual([])
  })

  it('is not tried again once the host refused', async () => {
    const host = hostWith(usual)
    host.obstacle = (call) => {
      if (call === 'setKsm') throw new BallastError('ERR_LIBVIRT', 'permission denied')
    }
    const ticks = await run(host, wants(400), 3)
    expect(sets(host)).toHaveLength(1)
    expect(ticks[0]!.ksm?.outcome?.error?.message).toBe('permission denied')
    expect(ticks[1]!.ksm?.skipped).toEqual({ kind: 'ksm-refused', message: 'permission denied' })
  })

  it('is left to another program that changes it', async () => {
    const host = hostWith(usual)
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 5, ksm: wants(400) })) {
      ticks.push(tick)
      if (tick.index === 1) host.ksmState = { ...usual, pagesToScan: 777 }
    }
    expect(sets(host)).toHaveLength(1)
    expect(ticks[2]!.ksm?.skipped).toEqual({
      kind: 'ksm-changed-externally',
      state: 'on',
      pagesToScan: 777,
      sleep: 20,
    })
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 33])('cannot have %s pages', async (wrong) => {
    const host = hostWith(usual)
    const [tick] = await run(host, wants(wrong), 1)
    expect(tick!.ksm?.skipped).toEqual({ kind: 'ksm-invalid-pace', value: wrong })
    expect(sets(host)).toEqual([])
  })

  it('is switched on where Ballast may, and off again by restore', async () => {
    const off = { ...usual, running: false, canSwitch: true }
    const host = hostWith(off)
    const journal = memoryJournal()
    const on: KsmPolicy = () => [setKsm({ running: true, pagesToScan: 400, sleep: 20 }, 'a test')]
    const ticks = await run(host, on, 3, { journal })
    expect(sets(host)).toEqual(['setKsm 400 20 true'])
    expect(ticks[0]!.ksm?.outcome?.status).toBe('applied')
    expect(host.ksmState).toEqual({ ...off, running: true, pagesToScan: 400 })
    await restore(host, journal)
    expect(host.ksmState).toEqual(off)
  })

  it('that another program switches off is left off', async () => {
    const host = hostWith({ ...usual, canSwitch: true })
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 5, ksm: wants(400) })) {
      ticks.push(tick)
      if (tick.index === 1) host.ksmState = { ...host.ksmState!, running: false }
    }
    expect(sets(host)).toHaveLength(1)
    expect(ticks[2]!.ksm?.skipped).toMatchObject({ kind: 'ksm-changed-externally', state: 'off' })
  })

  it('has its pace left to the kernel’s advisor, and is only switched', async () => {
    const host = hostWith({ ...usual, running: false, canSwitch: true, advisor: 'scan-time' })
    const journal = memoryJournal()
    const ticks: Tick[] = []
    const on: KsmPolicy = ({ memory }) => [setKsm({ ...memory.ksm!, running: true }, 'a test')]
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 4, ksm: on, journal })) {
      ticks.push(tick)
      // The advisor goes on setting the pace, which is nobody's change.
      host.ksmState = { ...host.ksmState!, pagesToScan: 500 + tick.index }
    }
    expect(sets(host)).toEqual(['setKsm 100 20 true'])
    expect(ticks.map(({ ksm }) => ksm?.skipped?.kind)).toEqual(Array(4).fill('ksm-advisor-pace'))
    await restore(host, journal)
    expect(host.ksmState?.running).toBe(false)
  })

  it('is said to be started, at no pace, where the advisor sets that, whatever a policy wants', async () => {
    const host = hostWith({ ...usual, running: false, canSwitch: true, advisor: 'scan-time' })
    const journal = memoryJournal()
    const on: KsmPolicy = () => [setKsm({ running: true, pagesToScan: 400, sleep: 50 }, 'a test')]
    const [tick] = await run(host, on, 1, { journal })
    expect(sets(host)).toEqual(['setKsm 100 20 true'])
    expect(new LogFormatter().lines(tick!).at(-1)).toContain('start KSM: a test')
    await restore(host, journal)
    expect(host.ksmState).toMatchObject({ running: false, pagesToScan: 100, sleep: 20 })
  })

  it('is not touched at all where an advisor is active and Ballast may not switch', async () => {
    const host = hostWith({ ...usual, advisor: 'scan-time' })
    const [tick] = await run(host, wants(400), 1)
    expect(tick!.ksm?.skipped).toEqual({ kind: 'ksm-advisor', advisor: 'scan-time' })
    expect(sets(host)).toEqual([])
  })

  it('tells of a policy that returns no plan, and of a host that cannot be asked', async () => {
    const host = hostWith(usual)
    const nonsense: KsmPolicy = () => JSON.parse('[{"kind":"pin"}]')
    const [tick] = await run(host, nonsense, 1)
    expect(tick!.errors.map(({ code }) => code)).toEqual(['ERR_POLICY'])
    host.obstacle = (call) => {
      if (call === 'ksm') throw new BallastError('ERR_LIBVIRT', 'no answer')
    }
    const [second] = await run(host, wants(400), 1)
    expect(second!.errors.map(({ message }) => message)).toEqual(['no answer'])
  })
})
