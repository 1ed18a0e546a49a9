import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { measureHour } from '../../../bench/hour/hour.ts'
import { recordSimulated } from '../../../bench/hour/simulated.ts'
import { hourTable } from '../../../bench/hour/table.ts'

const keep = await mkdtemp(join(tmpdir(), 'ballast-hour-test-'))
afterAll(() => rm(keep, { recursive: true, force: true }))

it('random loads are recorded, and asked what each policy would have given away', async () => {
  const options = { record: recordSimulated, keep, seed: 1, length: 60_000, log: () => {} }
  const figures = await measureHour(options)
  expect(figures).toMatchObject({ passed: true, pcpus: 4, guests: 12, ticks: 31, problems: [] })
  const { measured, miss, none, schedulers, ballooning } = figures
  expect(measured.moves).toBeGreaterThan(0)
  expect(Math.abs(miss.moves)).toBeLessThanOrEqual(2)
  // Nobody moved anything, and where policies did the host was more even.
  expect(none).toMatchObject({ regret: null, moves: 0, memoryMoved: 0 })
  expect(schedulers.balance!.deviation).toBeLessThan(none.deviation)
  for (const name of ['balance', 'lpt']) {
    expect(schedulers[name]!.regret).toBeGreaterThan(0)
    expect(schedulers[name]!.regret).toBeLessThan(1)
  }
  expect(ballooning.shares!.regret).toBeLessThan(0.1)
  expect(ballooning.shares!.stalled).toBeLessThan(none.stalled)
  expect(await readdir(keep)).toHaveLength(1)
  expect(hourTable(figures)).toMatch(/^regret, vCPUs +- +\d+\.\d %/m)
})
