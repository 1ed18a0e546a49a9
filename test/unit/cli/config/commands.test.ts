import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type SimulatedHost, scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { ballast, keep, withMembers } from '../test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-config-'))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0

function write(text: string): string {
  const path = join(directory, `${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

const nowhere = async () => {
  throw new Error('it tried to connect')
}

describe('ballast check', () => {
  it('says what would run, without a host and without a password', async () => {
    const path = write('connect: qemu://me:secret@host/system\nballooning: none\nscheduler: {policy: fair}\n')
    const { code, stdout, stderr } = await ballast(['check', path], nowhere)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      `ok: ${path}\n  host: qemu://me@host/system\n  scheduler: fair\n  ballooning: none\n  ksm: none\n`,
    )
  })

  it('says where it is recorded, and that guests stay as they are', async () => {
    const { stdout } = await ballast(['check', write('record: /var/rec\nrestore: false\n')], nowhere)
    expect(stdout).toContain('\n  recordings in: /var/rec\n  at the end: guests stay as they are\n')
  })

  it.each(['check', 'run --config'])(
    'ballast %s lists all errors, ends with 2, and connects to nobody',
    async (words) => {
      const path = write('interval: 0\nhost-memory-reserve: 2\n')
      const { code, stdout, stderr } = await ballast([...words.split(' '), path], nowhere)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr.split('\n')).toEqual([
        expect.stringContaining(`${path}:1:11: the interval `),
        expect.stringContaining(`${path}:2:22: host-memory-reserve `),
        `ballast: 2 errors in ${path}`,
        '',
      ])
    },
  )

  it('says of a file that is not there why, and no line', async () => {
    const path = join(directory, 'nosuch.yaml')
    expect(await ballast(['check', path], nowhere)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^.*nosuch\.yaml: the file cannot be read: ENOENT/),
    })
  })

  it('says of a file that it says nothing', async () => {
    const said = 'which says nothing: all is as without a file\n  scheduler: balance\n'
    for (const text of ['', '# interval: 5\n', '{}']) {
      expect((await ballast(['check', write(text)], nowhere)).stdout).toContain(said)
    }
    expect((await ballast(['check', write('interval: 2')], nowhere)).stdout).not.toContain('nothing')
  })

  it('finds nothing wrong with the file that comes with the package', async () => {
    const shipped = fileURLToPath(new URL('../../../../packaging/systemd/ballast.yaml', import.meta.url))
    expect(await ballast(['check', shipped], nowhere)).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('ballast run --config', () => {
  const places = async (host: SimulatedHost) => new Set((await host.sampleCpu()).affinity)

  it('does what the file says, and the command line wins', async () => {
    const path = write(`interval: 60
host-cpus: 0,3
restore: false
ballooning: none
journal: ${join(directory, 'j.jsonl')}
domain-rules: { guest1: { managed: false } }
`)
    const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    const before = host.clock.now()
    expect(await ballast(['run', '--config', path, '-n', '4'], keep(host))).toMatchObject({ code: 0 })
    expect(host.clock.now() - before).toBeGreaterThanOrEqual(3 * 60_000)
    expect(await places(host)).toEqual(new Set([1, 2, 4]))
    const other = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    const args = ['run', '1', '--config', path, '-n', '4', '--host-cpus', '0,1']
    expect(await ballast(args, keep(other))).toMatchObject({ code: 0 })
    expect(other.clock.now()).toBeLessThan(60_000)
    expect(await places(other)).toEqual(new Set([1, 4, 8]))
  })

  it('has switches and policies that the command line can turn off', async () => {
    const path = write(`dry-run: true
respect-pins: true
restore: false
scheduler: fair
ksm: adaptive
journal: ${join(directory, 'k.jsonl')}
`)
    const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
    const off = ['--no-dry-run', '--no-respect-pins', '--scheduler', 'balance', '--ksm', 'none']
    const args = ['run', '1', '--config', path, '-n', '4', ...off, '--json']
    const { code, stdout } = await ballast(args, keep(host))
    expect(code).toBe(0)
    expect(await places(host)).toEqual(new Set([1, 2, 4, 8]))
    expect(stdout).not.toContain('"ksm"')
    expect(stdout).toContain('"status":"applied"')
  })

  it('has a KSM policy only where one is named', async () => {
    const args = ['run', '1', '-n', '2', '--json', '--dry-run']
    for (const [more, isAsked] of [
      [[], false],
      [['--ksm', 'adaptive'], true],
    ] as const) {
      const host = simulate(scenarios.A1({ guests: 4, pcpus: 4 }))
      let asked = false
      const watched = withMembers(host, {
        ksm: () => {
          asked = true
          return host.ksm()
        },
      })
      expect(await ballast([...args, ...more], keep(watched))).toMatchObject({ code: 0 })
      expect(asked).toBe(isAsked)
    }
  })

  it('names the line of what the host does not have, all of it', async () => {
    const path = write('host-memory-reserve: 1TiB\nhost-cpus: 90\ndomain-rules: {a: {cpus: 99}}\n')
    const { code, stderr } = await ballast(['run', '--config', path], keep(simulate(scenarios.A1())))
    expect(code).toBe(2)
    expect(stderr.match(/^.*:\d+:\d+: \S+ must be/gm)).toEqual([
      `${path}:1:22: host-memory-reserve must be`,
      `${path}:2:12: host-cpus must be`,
      `${path}:3:26: domain-rules.a.cpus must be`,
    ])
    const given = ['run', '--config', path, '--host-memory-reserve', '2TiB']
    expect((await ballast(given, keep(simulate(scenarios.A1())))).stderr).toContain(
      '\n--host-memory-reserve must be'.trim(),
    )
  })
})
