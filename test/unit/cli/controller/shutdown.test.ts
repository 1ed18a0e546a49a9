import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { type SimulatedHost, scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { affinities, ballast, keep, withMembers } from '../test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-end-'))
afterAll(() => rmSync(directory, { recursive: true }))
let journals = 0
const newJournal = () => join(directory, `journal-${journals++}.jsonl`)

async function sizes(host: SimulatedHost): Promise<number[]> {
  return (await host.domains()).map(({ uuid }) => host.truth(uuid)!.target / MiB)
}

const all = [1, 1, 1, 1, 1, 1, 1, 1]

describe('a clean end', () => {
  it('brings back what was before, says so in one line, and removes the journal', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    const ending = await ballast(['cpu', '1', '-n', '5', '--json', '--journal', journal], keep(host))
    expect(ending).toMatchObject({ code: 0, stderr: 'ballast: restored: 6 pins\n' })
    expect(ending.stdout).toContain('"kind":"pin"')
    expect(await affinities(host)).toEqual(all)
    expect(existsSync(journal)).toBe(false)
  })

  it('brings back balloons and statistics periods, and those of an earlier run', async () => {
    const host = simulate(scenarios.M1())
    const before = await sizes(host)
    const [one] = await host.domains()
    const journal = newJournal()
    const args = ['memory', '2', '--journal', journal]
    await ballast([...args, '-n', '20', '--no-restore'], keep(host))
    expect(await sizes(host)).not.toEqual(before)
    // Until then the guest that grew uses what it got: it would not be taken away.
    await host.clock.sleepUntil(host.clock.now() + 200_000)
    const { code, stderr } = await ballast([...args, '-n', '1'], keep(host))
    expect(code).toBe(0)
    expect(stderr).toMatch(/^ballast: .*1 balloon size.* left by an earlier run/)
    expect(stderr).toMatch(/^ballast: restored: .*1 balloon size/m)
    expect(await sizes(host)).toEqual(before)
    expect((await host.domainTraits(one!.uuid)).statsPeriodSeconds ?? 0).toBe(0)
    expect(existsSync(journal)).toBe(false)
  })

  it('brings back what was before although somebody removed the journal meanwhile', async () => {
    for (const ticks of [4, 8]) {
      const host = simulate(scenarios.A1())
      const journal = newJournal()
      let samples = 0
      const sampleCpu = () => {
        if (++samples === 4) rmSync(journal)
        return host.sampleCpu()
      }
      const args = ['run', '1', '-n', `${ticks}`, '--journal', journal]
      const { code, stdout, stderr } = await ballast(args, keep(withMembers(host, { sampleCpu })))
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/^ballast: restored: .*6 pins/),
      })
      expect(stdout).not.toContain('journal')
      expect(await affinities(host)).toEqual(all)
      expect(existsSync(journal)).toBe(false)
    }
  })

  it('says once why a run ends whose journal cannot be written any more', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    let samples = 0
    const sampleCpu = () => {
      if (++samples === 3) {
        rmSync(journal, { force: true })
        mkdirSync(journal)
      }
      return host.sampleCpu()
    }
    const args = ['run', '1', '-n', '9', '--journal', journal]
    const { code, stdout, stderr } = await ballast(args, keep(withMembers(host, { sampleCpu })))
    expect(code).toBe(1)
    expect(stdout).toContain('is no regular file')
    expect(stderr).not.toContain('is no regular file')
    expect(stderr).toContain('ballast: The run ends: nothing is changed without a journal\n')
  })

  it('leaves all as it is with --no-restore, and the next start says what is there', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    const args = ['cpu', '1', '--journal', journal]
    const first = await ballast([...args, '-n', '5', '--no-restore'], keep(host))
    expect(first.stderr).toBe('ballast: guests stay as they are; "ballast restore" restores them\n')
    const spread = await affinities(host)
    expect(new Set(spread)).toEqual(new Set([1, 2, 4, 8]))
    const second = await ballast([...args, '-n', '1'], keep(host))
    expect(second.stderr.split('\n')).toEqual([
      'ballast: 6 pins left by an earlier run: their originals stay in the journal, and "ballast restore" restores them',
      'ballast: restored: 6 pins',
      '',
    ])
    expect(await affinities(host)).toEqual(all)
  })

  it('leaves alone what somebody else has changed since an earlier run, and takes that for the original', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    const args = ['cpu', '1', '--journal', journal]
    await ballast([...args, '-n', '5', '--no-restore'], keep(host))
    const { uuid } = (await fileJournal(journal).entries())[0]!
    await host.pinVcpu(uuid, 0, CpuSet.of(1, 2))
    const { code, stderr } = await ballast([...args, '-n', '5'], keep(host))
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^ballast: 5 pins left by an earlier run: .*\nballast: 1 pin changed by another program since/,
    )
    expect((await affinities(host)).filter((words) => words !== 1)).toEqual([0b110])
    expect(existsSync(journal)).toBe(false)
  })

  it('does not touch what another controller has in the same journal', async () => {
    const host = simulate(scenarios.A1())
    const path = newJournal()
    const [one] = await host.domains()
    const { uuid, name, id } = one!
    const requested = [{ wallTime: 1, from: GiB, to: 512 * MiB }]
    await fileJournal(path).record([
      { uuid, name, id, wallTime: 1, kind: 'memory', original: GiB, requested },
    ])
    await host.setMemory(uuid, 512 * MiB)
    const { stderr } = await ballast(['cpu', '1', '-n', '5', '--journal', path], keep(host))
    expect(stderr).toContain('ballast: restored: 6 pins\n')
    expect(await sizes(host)).toContain(512)
    expect((await fileJournal(path).entries()).map(({ kind }) => kind)).toEqual(['memory'])
  })

  it('says what is not back, and "ballast restore" brings it', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    const broken = withMembers(host, {
      pinVcpu: async (uuid, vcpu, cpus) => {
        if (cpus.equals(CpuSet.of(0))) throw new BallastError('ERR_DOMAIN_BUSY', 'another job holds it')
        return host.pinVcpu(uuid, vcpu, cpus)
      },
    })
    const { code, stderr } = await ballast(['cpu', '1', '-n', '5', '--journal', journal], keep(broken))
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'ballast: not restored yet: 6 pins: "ballast restore" restores the rest\n',
    })
    expect(await ballast(['restore', '--journal', journal], keep(host))).toMatchObject({
      code: 0,
      stdout: 'restored: 6 pins\n',
    })
    expect(await affinities(host)).toEqual(all)
  })

  it('brings back what was before also when something failed in the last tick, and still fails', async () => {
    const host = simulate(scenarios.A1())
    let samples = 0
    const failing = withMembers(host, {
      sampleCpu: () => {
        if (++samples !== 5) return host.sampleCpu()
        throw new BallastError('ERR_LIBVIRT', 'cannot read that')
      },
    })
    const { code, stderr } = await ballast(['cpu', '1', '-n', '5', '--journal', newJournal()], keep(failing))
    expect({ code, lines: stderr.split('\n') }).toEqual({
      code: 1,
      lines: ['ballast: restored: 6 pins', 'ballast: 1 thing failed in the last tick: cannot read that', ''],
    })
    expect(await affinities(host)).toEqual(all)
  })
})

describe('ballast restore', () => {
  it('leaves alone what somebody else has changed since, says so, and is done with it', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    await ballast(['cpu', '1', '-n', '5', '--no-restore', '--journal', journal], keep(host))
    const entries = await fileJournal(journal).entries()
    const { uuid, name } = entries[0]!
    await host.pinVcpu(uuid, 0, CpuSet.of(1, 2))
    expect(await ballast(['restore', '--journal', journal], keep(host))).toEqual({
      code: 0,
      stdout: `restored: 5 pins\nleft as another program set it: pin of ${name} vCPU 0\n`,
      stderr: '',
    })
    expect((await affinities(host)).filter((words) => words !== 1)).toEqual([0b110])
    expect(existsSync(journal)).toBe(false)
  })
})

describe('--journal', () => {
  it.each(['', '/'])('takes a directory%s for where the usual file is to be', async (slash) => {
    const there = slash === '' ? mkdtempSync(join(directory, 'there-')) : join(directory, 'new')
    const host = simulate(scenarios.A1())
    await ballast(['cpu', '1', '-n', '5', '--no-restore', '--journal', there + slash], keep(host))
    const name = /^simulation--[0-9a-f]{12}\.jsonl/
    expect(readdirSync(there)).toEqual([expect.stringMatching(name), expect.stringMatching(/\.jsonl\.lock$/)])
    const status = await ballast(['status', '--journal', there + slash], keep(host))
    expect(status.stdout).toContain(`journal ${there}/simulation-`)
    expect(await ballast(['restore', '--journal', there + slash], keep(host))).toMatchObject({ code: 0 })
    expect(readdirSync(there)).toEqual([])
  })
})
