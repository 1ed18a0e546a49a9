import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import type { Host } from '../../../lib/host/host.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { ballast, keep, withMembers } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-dry-run-'))
afterAll(() => rmSync(directory, { recursive: true }))
let journals = 0
const newJournal = () => join(directory, `journal-${journals++}.jsonl`)

const periods = async (host: Host) => {
  const domains = await host.domains()
  return await Promise.all(
    domains.map(async ({ uuid }) => (await host.domainTraits(uuid)).statsPeriodSeconds ?? 0),
  )
}

/** The balloon sizes that a journal has the originals of. */
const originalSizes = async (journal: string) =>
  (await fileJournal(journal).entries()).filter(({ kind }) => kind === 'memory')

/**
 * A simulated host, and every call that changes it. With `waits` its clock stands still until all guests have been given a
 * period, however long the journal takes: the simulated one does not wait for disks.
 */
function counted({ waits = false } = {}) {
  const host = simulate(scenarios.M1())
  const calls: string[] = []
  let arm = () => {}
  const armed = new Promise<void>((resolve) => {
    arm = resolve
  })
  let sleeps = 0
  let periods = 0
  const counting = withMembers(host, {
    clock: {
      now: () => host.clock.now(),
      wallTime: () => host.clock.wallTime(),
      async sleepUntil(time, signal) {
        if (waits && sleeps++ > 1) await armed
        return host.clock.sleepUntil(time, signal)
      },
    },
    setMemory: async (...args) => {
      calls.push('setMemory')
      return host.setMemory(...args)
    },
    setMemoryStatsPeriod: async (...args) => {
      calls.push('setMemoryStatsPeriod')
      await host.setMemoryStatsPeriod(...args)
      if (++periods === 4) arm()
    },
    pinVcpu: async (...args) => {
      calls.push('pinVcpu')
      return host.pinVcpu(...args)
    },
  })
  return { host, calls, connect: keep(counting) }
}

describe('a dry run on a host whose guests have no statistics period', () => {
  it('says of each guest why nothing is known of its memory, once how to know it, and changes nothing', async () => {
    const { host, calls, connect } = counted()
    const args = ['memory', '2', '-n', '5', '--dry-run', '--journal', newJournal()]
    const { code, stdout, stderr } = await ballast(args, connect)
    expect(code).toBe(0)
    const guests = (await host.domains()).length
    expect(stdout.match(/it reports no memory: its statistics period is 0/g)).toHaveLength(guests)
    expect(stdout).not.toContain('balloon driver')
    expect(stderr.match(/--stats-period/g)).toHaveLength(1)
    expect(stderr).toContain(`${guests} guests without a statistics period`)
    expect(calls).toEqual([])
  })

  it('with --stats-period changes nothing else, and sets the periods back at its end', async () => {
    const { host, calls, connect } = counted({ waits: true })
    const journal = newJournal()
    const args = ['memory', '2', '-n', '9', '--dry-run', '--stats-period', '--journal', journal]
    const { code, stderr } = await ballast(args, connect)
    expect(code).toBe(0)
    expect(new Set(calls)).toEqual(new Set(['setMemoryStatsPeriod']))
    const guests = (await host.domains()).length
    expect(stderr).toContain(`restored: ${guests} statistics periods`)
    expect(await periods(host)).toEqual(new Array(guests).fill(0))
    expect(existsSync(journal)).toBe(false)
  })

  it('with --stats-period does not touch what an earlier run left behind', async () => {
    const { host, calls, connect } = counted({ waits: true })
    const journal = newJournal()
    const controlled = ['memory', '2', '-n', '60', '--no-restore', '--journal', journal]
    expect((await ballast(controlled, connect)).code).toBe(0)
    expect(calls).toContain('setMemory')
    const originals = await originalSizes(journal)
    expect(originals).not.toEqual([])
    const sizes = [...(await host.sampleMemory()).actual]
    calls.length = 0
    const args = ['memory', '2', '-n', '2', '--dry-run', '--stats-period', '--journal', journal]
    expect((await ballast(args, connect)).code).toBe(0)
    expect(calls.filter((call) => call !== 'setMemoryStatsPeriod')).toEqual([])
    expect([...(await host.sampleMemory()).actual]).toEqual(sizes)
    expect(await originalSizes(journal)).toEqual(originals)
  })

  it('is needed for --stats-period', async () => {
    const { connect } = counted()
    const { code, stderr } = await ballast(['memory', '-n', '1', '--stats-period'], connect)
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('without --dry-run') })
  })
})
