import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { type KsmPolicy, setKsm } from '../../../lib/policy/plan.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { tickRecord } from '../../../lib/report/tick-json.ts'
import { FakeHost, guest } from './fake-host.ts'

const usual = { pagesToScan: 100, sleep: 20, running: true, saved: 0 }

const wants =
  (pagesToScan: number): KsmPolicy =>
  () => [setKsm({ pagesToScan, sleep: 20 }, 'a test')]

function hostWith(merging: FakeHost['merging']): FakeHost {
  const host = new FakeHost([guest(1)])
  host.merging = merging
  return host
}

async function run(host: FakeHost, merging: KsmPolicy, ticks: number, more: object = {}): Promise<Tick[]> {
  const seen: Tick[] = []
  for await (const tick of autopilot(host, { interval: 1_000, ticks, ksm: merging, ...more })) seen.push(tick)
  return seen
}

const sets = (host: FakeHost) => host.calls.filter((call) => call.startsWith('setMemoryMerging'))

describe('same-page merging', () => {
  it('is set once, and brought back from the journal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ballast-merging-'))
    try {
      const host = hostWith(usual)
      const journal = fileJournal(join(directory, 'journal'))
      const ticks = await run(host, wants(400), 4, { journal })
      expect(sets(host)).toEqual(['setMemoryMerging 400 20'])
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
        pagesToScan: 100,
        sleep: 20,
      })
      const report = await restore(host, again)
      expect(report.notRestored).toEqual([])
      expect(report.restored.map(({ kind }) => kind)).toContain('ksm')
      expect(host.merging).toEqual(usual)
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
    [{ ...usual, running: false }, 'it is switched off, and libvirt cannot switch it on'],
  ])('says once where there is none', async (merging, why) => {
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
      if (call === 'setMemoryMerging') throw new BallastError('ERR_LIBVIRT', 'permission denied')
    }
    const ticks = await run(host, wants(400), 3)
    expect(sets(host)).toHaveLength(1)
    expect(ticks[0]!.ksm?.outcome?.error?.message).toBe('permission denied')
    expect(ticks[1]!.ksm?.skipped).toEqual({ kind: 'ksm-refused', message: 'permission denied' })
  })

  it('is left to somebody else who changes it', async () => {
    const host = hostWith(usual)
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 5, ksm: wants(400) })) {
      ticks.push(tick)
      if (tick.index === 1) host.merging = { ...usual, pagesToScan: 777 }
    }
    expect(sets(host)).toHaveLength(1)
    expect(ticks[2]!.ksm?.skipped).toEqual({ kind: 'ksm-changed-externally', pagesToScan: 777, sleep: 20 })
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 33])('cannot have %s pages', async (wrong) => {
    const host = hostWith(usual)
    const [tick] = await run(host, wants(wrong), 1)
    expect(tick!.ksm?.skipped).toEqual({ kind: 'ksm-invalid-pace', value: wrong })
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
