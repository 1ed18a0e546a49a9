import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BallastError, type ErrorCode } from '../../../lib/host/errors.ts'
import type { DomainRef } from '../../../lib/host/host.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { affinities, ballast, keep, withMembers } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-cli-'))
afterAll(() => rmSync(directory, { recursive: true }))
let journals = 0
const newJournal = () => join(directory, `journal-${journals++}.jsonl`)

const lost = () => Promise.reject(new BallastError('ERR_CONNECTION_LOST', 'the daemon is gone'))

describe('what goes wrong on the host', () => {
  const failing = (code: ErrorCode, message: string) => async () => {
    throw new BallastError(code, message)
  }

  it.each([
    ['ERR_CONNECTION_FAILED', 3],
    ['ERR_ADDON_MISSING', 3],
    ['ERR_PERMISSION_DENIED', 4],
  ] as const)('%s at the beginning is one line and exit code %i', async (error, expected) => {
    const { code, stdout, stderr } = await ballast(['run'], failing(error, 'so\nit\x1b was'))
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    expect(stderr).toMatch(/^ballast: so it\\x1b was.*\n$/)
  })

  it('is told in one line without a stack trace, whatever it is', async () => {
    const { code, stderr } = await ballast(['run'], async () => {
      throw new RangeError('broken')
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'ballast: unexpected error, please report it: broken\n',
    })
  })

  it('a read-only connection is refused before anything is done, unless it is a dry run', async () => {
    const host = withMembers(simulate(scenarios.A1()), { readOnly: true })
    const { code, stderr } = await ballast(['cpu', '-n', '3', '--journal', newJournal()], keep(host))
    expect(code).toBe(4)
    expect(stderr).toMatch(/^ballast: .*read-only.*\n$/)
    expect(await ballast(['cpu', '-n', '3', '--dry-run'], keep(host))).toMatchObject({ code: 0 })
  })

  it('goes on when a single guest may not be changed, and says so', async () => {
    const simulated = simulate(scenarios.A1())
    const denied = (domain: DomainRef) => typeof domain !== 'string' && domain.uuid === first
    const [{ uuid: first } = { uuid: '' }] = await simulated.domains()
    const refuse = failing('ERR_PERMISSION_DENIED', 'access denied to that guest')
    const host = withMembers(simulated, {
      pinVcpu: (domain, vcpu, cpus) => (denied(domain) ? refuse() : simulated.pinVcpu(domain, vcpu, cpus)),
      setMemoryStatsPeriod: (domain, seconds) =>
        denied(domain) ? refuse() : simulated.setMemoryStatsPeriod(domain, seconds),
    })
    const args = ['run', '1', '-n', '9', '--no-restore', '--journal', newJournal()]
    const { code, stdout, stderr } = await ballast(args, keep(host))
    expect(stderr).not.toContain('run ballast as root')
    expect(code).not.toBe(4)
    expect(stdout).toContain('access denied to that guest')
    expect(new Set(await affinities(simulated))).toEqual(new Set([1, 2, 4, 8]))
  })

  it.each(['cpu', 'memory'])(
    '%s ends with exit code 4 when the host lets us change nothing',
    async (name) => {
      const denied = failing('ERR_PERMISSION_DENIED', 'operation forbidden for read only access')
      const host = withMembers(simulate(scenarios.A1()), { pinVcpu: denied, setMemoryStatsPeriod: denied })
      const { code, stderr } = await ballast([name, '1', '--journal', newJournal()], keep(host))
      expect(code).toBe(4)
      expect(stderr).toMatch(/^ballast: operation forbidden.*\n$/)
    },
  )

  it('ends with exit code 1 when something still failed in the last tick', async () => {
    const host = withMembers(simulate(scenarios.A1()), {
      sampleMemory: failing('ERR_LIBVIRT', 'cannot read that'),
    })
    const { code, stdout, stderr } = await ballast(
      ['memory', '1', '-n', '4', '--journal', newJournal()],
      keep(host),
    )
    expect(code).toBe(1)
    expect(stdout.match(/cannot read that/g)).toHaveLength(1)
    expect(stderr).toBe(
      'ballast: restored: 8 statistics periods\nballast: 1 thing failed in the last tick: cannot read that\n',
    )
  })

  it('goes on when the daemon goes away and comes back, and says each in one line', async () => {
    const simulated = simulate(scenarios.A1())
    let samples = 0
    const host = withMembers(simulated, {
      sampleCpu: () => (samples++ === 2 ? lost() : simulated.sampleCpu()),
    })
    const args = ['cpu', '1', '-n', '9', '--no-restore', '--journal', newJournal()]
    const { code, stdout, stderr } = await ballast(args, keep(host))
    expect(code).toBe(0)
    expect(stderr.match(/^ballast: .*$/gm)).toEqual([
      expect.stringMatching(
        /^ballast: lost \S+: the daemon is gone; guests stay as they are, connecting again$/,
      ),
      expect.stringMatching(/^ballast: connected to \S+ again$/),
      expect.stringMatching(/^ballast: guests stay as they are/),
    ])
    expect(stdout).not.toMatch(/lost|the daemon is gone/)
    expect(new Set(await affinities(simulated))).toEqual(new Set([1, 2, 4, 8]))
  })

  it.each(['cpu', 'monitor'])(
    '%s ends with exit code 1 when it is not back in the last of --ticks',
    async (name) => {
      const connections = [withMembers(simulate(scenarios.A1()), { sampleCpu: lost })]
      const connect = async () => {
        const host = connections.pop()
        if (!host) throw new BallastError('ERR_CONNECTION_FAILED', 'no daemon')
        return host
      }
      const { code, stderr } = await ballast([name, '1', '-n', '4', '--json'], connect, {
        XDG_STATE_HOME: directory,
      })
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^ballast: lost .*\nballast: 1 thing failed in the last tick: The connection .*\n$/,
      )
    },
  )

  it('changes nothing when the journal cannot be written', async () => {
    const host = simulate(scenarios.A1())
    const { code, stderr } = await ballast(['cpu', '1', '--journal', '/dev/null/x'], keep(host))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ballast: Cannot .* the journal .*\n$/)
    expect(new Set(await affinities(host))).toEqual(new Set([1]))
  })
})
