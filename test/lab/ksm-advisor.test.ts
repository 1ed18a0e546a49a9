import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { autopilot } from '../../lib/control/autopilot.ts'
import { memoryJournal } from '../../lib/control/journal/journal.ts'
import { restore } from '../../lib/control/restore/restore.ts'
import type { Tick } from '../../lib/control/tick.ts'
import { adaptive } from '../../lib/ksm.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'

const mode = '/sys/kernel/mm/ksm/advisor_mode'
const run = '/sys/kernel/mm/ksm/run'

/** Linux 6.8 has an advisor; only root may switch it. */
function hasAdvisor(): boolean {
  try {
    accessSync(mode, constants.W_OK)
    return true
  } catch {
    return false
  }
}

describeLab('KSM of a kernel whose advisor is on', () => {
  it.runIf(hasAdvisor())('is switched, its pace is left to the advisor, and it is restored', async () => {
    const before = { mode: /\[(.+)\]/.exec(readFileSync(mode, 'utf8'))![1]!, run: readFileSync(run, 'utf8') }
    await using lab = await Lab.up()
    await lab.start({ name: 'any', kernel: false })
    await using host = await connect(lab.uri)
    const journal = memoryJournal()
    const ticks: Tick[] = []
    try {
      writeFileSync(mode, 'scan-time')
      writeFileSync(run, '0')
      // Whatever the machine is doing: always short, never busy.
      const ksm = adaptive({ shortBelow: 0.999, busyAbove: 1 })
      for await (const tick of autopilot(host, { interval: 500, ticks: 4, ksm, journal })) ticks.push(tick)
      const outcomes = ticks.flatMap((tick) => tick.ksm?.outcome ?? [])
      expect(outcomes.map(({ status, action }) => [status, action.running])).toEqual([['applied', true]])
      expect(ticks.at(-1)!.ksm?.skipped).toEqual({ kind: 'ksm-advisor-pace', advisor: 'scan-time' })
      expect(readFileSync(run, 'utf8').trim()).toBe('1')
      expect((await restore(host, journal)).notRestored).toEqual([])
      expect(readFileSync(run, 'utf8').trim()).toBe('0')
    } finally {
      writeFileSync(mode, before.mode)
      writeFileSync(run, before.run)
    }
  })
})
