import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { systemLockPlaces } from '../../../lib/control/host-lock/places.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-unit-'))
afterAll(() => rmSync(directory, { recursive: true }))
const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../packaging/systemd/${name}`, import.meta.url)), 'utf8')
const unit = read('ballast.service')

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

/** The options of the unit, each once. */
function optionsOf(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !/^[#[]/.test(line))
  const options = lines.map((line) => /^([A-Za-z]+)=(.*)$/.exec(line)?.slice(1) as [string, string])
  expect(options).not.toContain(undefined)
  expect(new Set(options.map(([name]) => name)).size).toBe(options.length)
  return new Map(options)
}

describe('ballast.service', () => {
  const options = optionsOf(unit)

  it('is what the program says to its manager', () => {
    expect(Object.fromEntries(options)).toMatchObject({
      Type: 'notify',
      NotifyAccess: 'main',
      ExecStart: '/usr/bin/ballast run --config /etc/ballast/ballast.yaml',
      ExecReload: '/bin/kill -HUP $MAINPID',
      Restart: 'on-failure',
      RestartPreventExitStatus: '2 4',
      WatchdogSec: '60',
    })
  })

  it('hides and forbids nothing that it needs', () => {
    // Each of these is needed: thread counters, code made at run time, sockets, users' numbers, the host lock.
    expect(Object.fromEntries(options)).toMatchObject({
      ProtectProc: 'default',
      ProcSubset: 'all',
      MemoryDenyWriteExecute: 'no',
      RestrictAddressFamilies: 'AF_UNIX',
      PrivateUsers: 'no',
      ReadWritePaths: '-/run/ballast',
    })
  })

  it('runs as a user of its own, who is in the group libvirt and no more', () => {
    expect(options.get('User')).toBe('ballast')
    expect(options.get('CapabilityBoundingSet')).toBe('')
    expect(options.get('NoNewPrivileges')).toBe('yes')
    expect(read('ballast.sysusers')).toMatch(
      /^u ballast - "Ballast" \/var\/lib\/ballast\nm ballast libvirt$/m,
    )
  })

  it('has the directory of the host lock made for root and the group libvirt, and nobody else', () => {
    const { shared } = systemLockPlaces({})
    expect(read('ballast.tmpfiles')).toMatch(new RegExp(`^d ${shared} 3770 root libvirt -$`, 'm'))
  })

  it.runIf(hasAnalyze)('is a unit that systemd finds nothing wrong with', () => {
    const path = join(directory, 'ballast.service')
    // The program itself need not be installed here.
    const verify = (text: string) => {
      writeFileSync(path, text.replace('/usr/bin/ballast', '/bin/true'))
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
        encoding: 'utf8',
      })
      // What else is installed on this machine is not ours.
      const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('ballast'))
      return { status, said }
    }
    expect(verify(unit)).toEqual({ status: 0, said: [] })
    expect(verify(unit.replace('ProtectSystem=strict', 'ProtectSystme=strict')).said).not.toEqual([])
  })
})
