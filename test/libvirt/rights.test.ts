import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { shares } from '../../lib/ballooning/shares.ts'
import { type AutopilotOptions, autopilot } from '../../lib/control/autopilot.ts'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { roundRobin } from '../../lib/schedulers/baseline/round-robin.ts'
import { KiB } from '../../lib/util/units.ts'
import { labUser } from '../lab/daemon.ts'
import { failureOf } from './failure.ts'
import { hasSystemDaemon, type SystemDaemon, startSystemDaemon } from './system-daemon.ts'

async function affinity(host: Host): Promise<number[]> {
  return [...(await host.sampleCpu()).affinity]
}

describe('a read-only connection', () => {
  it('is enough to watch', async () => {
    await using host = await connect('test:///default', { readOnly: true })
    let ticks = 0
    for await (const { view, errors, outcomes } of autopilot(host, { interval: 50, ticks: 3 })) {
      ticks++
      expect(errors).toEqual([])
      expect(outcomes).toEqual([])
      expect(view.domains).toHaveLength(1)
      expect(view.domains[0]!.memory.actual).toBeGreaterThan(0)
    }
    expect(ticks).toBe(3)
  })

  it.each<[string, Pick<AutopilotOptions, 'scheduler' | 'ballooning'>]>([
    ['vCPUs', { scheduler: roundRobin() }],
    ['memory', { ballooning: shares() }],
    ['both', { scheduler: roundRobin(), ballooning: shares() }],
  ])('is refused before the first tick by a loop that decides on %s', async (_what, policies) => {
    await using host = await connect('test:///default', { readOnly: true })
    const pilot = autopilot(host, { interval: 50, ...policies })
    const { code, message } = await failureOf(pilot.next())
    expect(code).toBe('ERR_PERMISSION_DENIED')
    expect(message).toMatch(/read-only.*: connect without readOnly, or ask for a dry run$/)
  })

  it('lets nothing be changed, whatever is asked', async () => {
    await using host = await connect('test:///default', { readOnly: true })
    const { uuid } = await host.domain('test')
    const before = await affinity(host)
    for (const call of [
      () => host.pinVcpu(uuid, 0, CpuSet.of(0)),
      () => host.setMemory(uuid, 1024 * KiB),
      () => host.setMemoryStatsPeriod(uuid, 1),
      () => host.setCpuShares(uuid, 100),
    ]) {
      expect((await failureOf(call())).code).toBe('ERR_PERMISSION_DENIED')
    }
    expect(await affinity(host)).toEqual(before)
  })
})

describe.skipIf(!hasSystemDaemon)('a user without rights, beside a daemon that lets anybody read', () => {
  let daemon: SystemDaemon
  let home = ''
  let uid = 0
  beforeAll(async () => {
    const user = (await labUser())!
    uid = user.uid
    daemon = await startSystemDaemon()
    home = mkdtempSync('/var/tmp/ballast-home-')
    chmodSync(home, 0o755)
    mkdirSync(`${home}/own`, { mode: 0o755 })
    chownSync(`${home}/own`, user.uid, user.gid)
  })
  afterAll(async () => {
    await daemon?.remove()
    if (home !== '') rmSync(home, { recursive: true, force: true })
  })

  /** The command line as that user, where the daemon's sockets are in their usual place. */
  function ballast(...args: string[]) {
    const program = `${inject('compiled')}/test/libvirt/children/unprivileged.js`
    const [command, ...words] = [...daemon.within, process.execPath, program, `${uid}`, ...args]
    const { status, stdout, stderr } = spawnSync(command!, words, {
      encoding: 'utf8',
      timeout: 100_000,
      env: {
        PATH: process.env.PATH,
        HOME: `${home}/own`,
        XDG_STATE_HOME: `${home}/own/state`,
        LIBVIRT_AUTOSTART: '0',
      },
    })
    return { code: status, stdout, stderr }
  }

  function virsh(...args: string[]): string {
    const [command, ...words] = [...daemon.within, 'virsh', '-q', '-c', daemon.uri, ...args]
    return spawnSync(command!, words, { encoding: 'utf8' }).stdout
  }

  it('can watch', () => {
    for (const [uri, domains] of [
      [daemon.readOnlyUri, [{ name: 'test' }]],
      [daemon.emptyUri, []],
    ] as const) {
      const { code, stdout, stderr } = ballast('monitor', '1', '-n', '2', '--json', '-c', uri)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const ticks = stdout.trimEnd().split('\n')
      expect(ticks).toHaveLength(2)
      expect(JSON.parse(ticks[1]!)).toMatchObject({ domains })
    }
  })

  it('can see what would be done', () => {
    for (const uri of [daemon.readOnlyUri, daemon.emptyUri]) {
      const args = ['cpu', '1', '-n', '2', '--scheduler', 'round-robin', '--dry-run', '-c', uri]
      expect(ballast(...args)).toMatchObject({ code: 0, stderr: '' })
    }
  })

  it.each(['cpu', 'memory', 'run'])('cannot %s, and is told what to do', (command) => {
    const before = virsh('vcpupin', 'test')
    for (const uri of [daemon.uri, daemon.emptyUri]) {
      const { code, stdout, stderr } = ballast(command, '1', '-n', '2', '-c', uri)
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
      expect(stderr).toMatch(/^ballast: Cannot connect to (test|qemu)\S+: .*Permission denied.*\n$/)
      expect(stderr).toMatch(/Run as a member of the libvirt group or as root, or open it read-only\.\n$/)
    }
    expect(existsSync(`${home}/own/state`)).toBe(false)
    expect(virsh('vcpupin', 'test')).toBe(before)
  })

  it('cannot change anything by way of the read-only socket either', () => {
    const before = virsh('vcpupin', 'test')
    const args = ['cpu', '1', '-n', '3', '--scheduler', 'round-robin', '-c', daemon.readOnlyUri]
    const { code, stderr } = ballast(...args)
    expect(code).toBe(4)
    expect(stderr).toMatch(
      /^ballast: .*read only access.*; run ballast as root or as a member of the group libvirt, or with --dry-run\n$/,
    )
    expect(virsh('vcpupin', 'test')).toBe(before)
  })

  it('leaves files that nobody else can read', () => {
    const files = readdirSync(`${home}/own/state`, { recursive: true }).map(
      (name) => `${home}/own/state/${name}`,
    )
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      const stats = statSync(file)
      expect({ file, mode: stats.mode & 0o777, uid: stats.uid }).toEqual({
        file,
        mode: stats.isDirectory() ? 0o700 : 0o600,
        uid,
      })
    }
  })
})
