import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultJournalPath } from '../../../lib/cli/journal-path.ts'
import { main } from '../../../lib/cli/program.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { ballooningPolicies } from '../../../lib/policies.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { affinities, ballast, contextOf, keep, withMembers } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-cli-'))
afterAll(() => rmSync(directory, { recursive: true }))
let journals = 0
const newJournal = () => join(directory, `journal-${journals++}.jsonl`)

describe('ballast cpu', () => {
  it('spreads the guests, tells each pin with its reason, and writes the originals down first', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    const { code, stdout, stderr } = await ballast(
      ['cpu', '1', '--ticks', '5', '--no-restore', '--journal', journal],
      keep(host),
    )
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'ballast: guests stay as they are; "ballast restore" restores them\n',
    })
    expect(stdout.match(/pin guest\d vCPU 0 to pCPU [123]: wants /g)).toHaveLength(6)
    expect(new Set(await affinities(host))).toEqual(new Set([1, 2, 4, 8]))
    expect(readFileSync(journal, 'utf8').match(/"kind":"affinity"/g)).not.toHaveLength(0)
  })

  it('changes nothing in a dry run, and leaves no journal', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    const { code, stdout } = await ballast(
      ['cpu', '1', '--ticks', '3', '--dry-run', '--journal', journal],
      keep(host),
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/would pin guest/)
    expect(new Set(await affinities(host))).toEqual(new Set([1]))
    expect(existsSync(journal)).toBe(false)
  })

  it.each(['cpu', 'monitor'])(
    '%s gives pages of the program back once, after three ticks',
    async (command) => {
      const given: number[] = []
      let samples = 0
      const simulated = simulate(scenarios.A3())
      const host = withMembers(simulated, {
        sampleCpu: () => {
          samples++
          return simulated.sampleCpu()
        },
      })
      const context = contextOf(keep(host), new AbortController().signal)
      const args = [command, '1', '--ticks', '6', ...(command === 'cpu' ? ['--journal', newJournal()] : [])]
      expect(await main(args, { ...context, dropFilePages: () => given.push(samples) })).toBe(0)
      expect(given).toEqual([3])
    },
  )

  it('says that nothing is to be done, and writes nothing else', async () => {
    const { code, stdout, stderr } = await ballast(
      ['cpu', '1', '--ticks', '10', '--journal', newJournal()],
      keep(simulate(scenarios.A3())),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^[\d:]+ {2}first sample: 8 guests on 4 pCPUs.*\n[\d:]+ {2}no change: 8 guests.*\n$/,
    )
  })

  it('touches only the guests that --match names, and says so when there is none', async () => {
    const host = simulate(scenarios.A1({ guests: 2, pcpus: 2 }))
    const one = await ballast(
      ['cpu', '1', '-n', '3', '--match', 'guest?', '-m', 'guest2', '--no-restore', '--journal', newJournal()],
      keep(host),
    )
    expect(one.code).toBe(0)
    const changed = (await affinities(host)).flatMap((words, guest) => (words === 1 ? [] : guest + 1))
    expect(changed).toEqual([2])
    const none = await ballast(['cpu', '-n', '1', '-m', 'web*', '--journal', newJournal()], keep(host))
    expect(none.stderr).toBe('ballast: no running guest matches --match "web*"\n')
  })
})

describe('--host-cpus and --respect-pins', () => {
  it('keep guests off the host’s own, and within what they had', async () => {
    const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    const journal = newJournal()
    await ballast(
      ['cpu', '1', '-n', '4', '--host-cpus', '0,3', '--no-restore', '--journal', journal],
      keep(host),
    )
    const places = (await affinities(host)).toSorted()
    expect(places).toEqual([2, 2, 4, 4])
    const pinned = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    const args = ['run', '1', '-n', '4', '--respect-pins', '--no-restore', '--journal', newJournal()]
    expect(await ballast(args, keep(pinned))).toMatchObject({ code: 0 })
    expect(await affinities(pinned)).toEqual([1, 1, 1, 1])
  })

  it.each(['', '7', '0-3', '1,x'])('--host-cpus %j is one line, and nothing is done', async (list) => {
    const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    const { code, stderr } = await ballast(['cpu', '1', '-n', '2', '--host-cpus', list], keep(host))
    expect(code).toBe(2)
    expect(stderr).toMatch(/^ballast: --host-cpus must be .*\n$/)
    expect(await affinities(host)).toEqual([1, 1, 1, 1])
  })
})

describe('ballast memory and run', () => {
  it('give memory where it is needed', async () => {
    const host = simulate(scenarios.M1())
    const { code, stdout } = await ballast(
      [
        'memory',
        '2',
        '-n',
        '20',
        '--host-memory-reserve',
        '512MiB',
        '--no-restore',
        '--journal',
        newJournal(),
      ],
      keep(host),
    )
    expect(code).toBe(0)
    const { actual, domains } = await host.sampleMemory()
    expect(actual[domains.findIndex(({ name }) => name === 'guest1')]).toBeGreaterThan(700 * 2 ** 20)
    expect(stdout).toMatch(/set memory of guest1 to \d+ MiB: /)
  })

  it.each(Object.keys(ballooningPolicies))('give memory by the policy %s', async (policy) => {
    const args = ['memory', '2', '-n', '8', '--ballooning', policy, '--no-restore', '--journal', newJournal()]
    const { code, stderr } = await ballast(args, keep(simulate(scenarios.M1())))
    expect({ code, stderr: stderr.replace(/^ballast: guests stay as they are.*\n/, '') }).toEqual({
      code: 0,
      stderr: '',
    })
  })

  it('do both in one loop', async () => {
    const growing = scenarios.M1()
    const crowded = scenarios.A1({ guests: 4 }).domains
    const domains = growing.domains.map((domain, guest) => ({ ...domain, vcpus: crowded[guest]!.vcpus! }))
    const { code, stdout } = await ballast(
      ['run', '1', '-n', '30', '--json', '--journal', newJournal()],
      keep(simulate({ ...growing, domains })),
    )
    expect(code).toBe(0)
    const kinds = stdout
      .trim()
      .split('\n')
      .flatMap((line) => JSON.parse(line).outcomes)
      .map(({ action }: { action: { kind: string } }) => action.kind)
    expect(new Set(kinds)).toEqual(new Set(['pin', 'setMemory']))
  })

  it('refuse a reserve larger than the host, in one line', async () => {
    const { code, stderr } = await ballast(
      ['memory', '-n', '1', '--host-memory-reserve', '1TiB', '--journal', newJournal()],
      keep(simulate(scenarios.M1())),
    )
    expect(code).toBe(2)
    expect(stderr).toBe('ballast: --host-memory-reserve must be below the memory of the host, 4096 MiB\n')
  })
})

describe('ballast monitor', () => {
  it('shows the table of each tick and changes nothing', async () => {
    const host = simulate(scenarios.A1())
    const { code, stdout, stderr } = await ballast(['monitor', '1', '-n', '3'], keep(host))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.match(/^tick \d .*8 guests on 4 pCPUs/gm)).toHaveLength(3)
    expect(stdout).not.toContain('\x1b')
    expect(new Set(await affinities(host))).toEqual(new Set([1]))
  })

  it('is short, ten guests and a line per cell, unless all is asked for', async () => {
    const guests = async (...more: string[]) => {
      const { stdout } = await ballast(['monitor', '1', '-n', '2', ...more], keep(simulate(crowd)))
      const last = stdout.slice(stdout.indexOf('tick 1'))
      return {
        guests: last.match(/^g\d+ /gm)?.length,
        cells: last.includes('cell  load'),
        pcpus: last.includes('pCPU  load'),
      }
    }
    const host = scenarios.A1()
    const crowd = {
      ...host,
      domains: Array.from({ length: 12 }, (_, i) => ({
        ...host.domains[i % host.domains.length]!,
        name: `g${i}`,
      })),
    }
    expect(await guests()).toEqual({ guests: 10, cells: true, pcpus: false })
    expect(await guests('--all')).toEqual({ guests: 12, cells: false, pcpus: true })
  })

  it('draws over the frame before on a terminal, within its size, and in colour unless NO_COLOR says not', async () => {
    const terminal = { isTTY: true, columns: 60, rows: 9 }
    const run = (env: Record<string, string>) =>
      ballast(['monitor', '1', '-n', '2'], keep(simulate(scenarios.A1())), env, terminal)
    const { stdout } = await run({})
    const frames = stdout.split('\x1b[H').slice(1)
    expect(frames).toHaveLength(2)
    for (const frame of frames) {
      const lines = stripVTControlCharacters(frame).trimEnd().split('\n')
      expect(lines.length).toBeLessThan(terminal.rows)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(terminal.columns)
    }
    expect(stdout).toContain('\x1b[1m')
    expect((await run({ NO_COLOR: '1' })).stdout).not.toContain('\x1b[1m')
    expect((await run({ TERM: 'dumb' })).stdout).not.toContain('\x1b')
  })

  it('asks for a connection that can only look', async () => {
    const asked: unknown[] = []
    const connect = async (uri: string, options: unknown) => {
      asked.push(uri, options)
      return simulate(scenarios.A3())
    }
    await ballast(['monitor', '-n', '1', '--connect', 'x:///'], connect)
    await ballast(['monitor', '-n', '1'], connect, { LIBVIRT_DEFAULT_URI: 'y:///' })
    await ballast(['monitor', '-n', '1'], connect, { LIBVIRT_DEFAULT_URI: '' })
    const look = { readOnly: true }
    expect(asked).toEqual(['x:///', look, 'y:///', look, 'qemu:///system', look])
  })
})

describe('ballast restore', () => {
  it('brings back what was before, also what an earlier run changed, and removes the journal', async () => {
    const host = simulate(scenarios.A1())
    const env = { XDG_STATE_HOME: mkdtempSync(join(directory, 'state-')) }
    const journal = defaultJournalPath(host.uri, env)
    for (let run = 0; run < 2; run++) await ballast(['cpu', '1', '-n', '4', '--no-restore'], keep(host), env)
    expect(new Set(await affinities(host))).not.toEqual(new Set([1]))
    expect(await ballast(['restore'], keep(host), env)).toEqual({
      code: 0,
      stdout: 'restored: 6 pins\n',
      stderr: '',
    })
    expect(new Set(await affinities(host))).toEqual(new Set([1]))
    expect(existsSync(journal)).toBe(false)
  })

  it('keeps the journal, and says what is missing, when not all is back', async () => {
    const host = simulate(scenarios.A1())
    const journal = newJournal()
    await ballast(['cpu', '1', '-n', '4', '--no-restore', '--journal', journal], keep(host))
    const broken = withMembers(host, {
      pinVcpu: async () => {
        throw new BallastError('ERR_DOMAIN_BUSY', 'another job holds it')
      },
    })
    const { code, stdout, stderr } = await ballast(['restore', '--journal', journal], keep(broken))
    expect(code).toBe(1)
    expect(stdout).toMatch(/^not restored: pin of guest\d vCPU 0: another job holds it$/m)
    expect(stderr).toBe(`ballast: 6 settings not restored; the journal stays: ${journal}\n`)
    expect(await ballast(['restore', '--journal', journal], keep(host))).toMatchObject({ code: 0 })
  })

  it('is one line and exit code 1 when the journal that is named is not there', async () => {
    const { code, stderr } = await ballast(
      ['restore', '--journal', newJournal()],
      keep(simulate(scenarios.A1())),
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ballast: There is no journal .*: give the path that ballast was run with\n$/)
  })

  it('has nothing to do where nothing was changed', async () => {
    const env = { XDG_STATE_HOME: mkdtempSync(join(directory, 'state-')) }
    const { code, stdout, stderr } = await ballast(['restore'], keep(simulate(scenarios.A1())), env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^there is nothing to restore: there is no journal .*\n$/)
  })
})
