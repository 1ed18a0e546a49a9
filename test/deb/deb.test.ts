import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DebianRoot } from './debian-root.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const { version }: { version: string } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
const deb = join(checkout, `ballast_${version}_${architecture}.deb`)
const next = `${version}+next`

const directory = mkdtempSync(join(tmpdir(), 'ballast-deb-test-'))
let root: DebianRoot
/** Files before anything was installed. */
let before: string[]

beforeAll(() => {
  root = new DebianRoot()
  execFileSync('cp', [deb, join(root.path, 'root/ballast.deb')])
  execFileSync('dpkg-deb', ['--raw-extract', deb, join(directory, 'next')])
  const control = join(directory, 'next/DEBIAN/control')
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*/m, `Version: ${next}`))
  execFileSync('dpkg-deb', [
    '--root-owner-group',
    '--build',
    join(directory, 'next'),
    join(root.path, 'root/next.deb'),
  ])
  before = files()
})

afterAll(() => {
  root[Symbol.dispose]()
  rmSync(directory, { recursive: true, force: true })
})

/** What is in the root, but for what dpkg, systemd and Node write about themselves. */
function files(): string[] {
  const found = root.output(
    "find / -xdev \\( -path /proc -o -path /root -o -path /tmp -o -path '/var/lib/dpkg' -o -path /var/log -o -path /run/systemd \\) -prune -o -print",
  )
  return found
    .split('\n')
    .filter((path) => !/^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$|\.pwd\.lock$/.test(path))
    .sort()
}

const exists = (path: string) => existsSync(join(root.path, path))
/** Version and state, as `dpkg -l` has them: `ii` is installed, `rc` removed but for its configuration. */
const installedVersion = () => {
  const [line = ''] = root.output('COLUMNS=200 dpkg --list ballast').match(/^\S+ +ballast +.*$/m) ?? []
  const [state, , version] = line.split(/ +/)
  return `${version} ${state}`
}
const wanted = '/etc/systemd/system/multi-user.target.wants/ballast.service'

describe('the package for Debian', () => {
  it('has nothing that lintian warns of', () => {
    execFileSync('lintian', ['--allow-root', '--fail-on', 'error,warning', deb], { stdio: ['ignore', 2, 2] })
  })

  it('is installed, with its user, its unit and its configuration', () => {
    root.output('dpkg --install /root/ballast.deb')
    expect(installedVersion()).toBe(`${version} ii`)
    expect(root.output('id -nG ballast').trim().split(' ')).toEqual(['ballast', 'libvirt'])
    expect(root.output("stat -c '%a %U %G' /run/ballast").trim()).toBe('3770 root libvirt')
    expect(root.output(`readlink -f ${wanted}`).trim()).toBe('/usr/lib/systemd/system/ballast.service')
    expect(root.output('systemd-analyze verify /usr/lib/systemd/system/ballast.service 2>&1')).toBe('')
  })

  it('has a program, its schema, completions and man pages', () => {
    expect(root.output('ballast --version').trim()).toBe(version)
    expect(root.output('ballast check /etc/ballast/ballast.yaml')).toMatch(/^ok: /)
    expect(root.output('ballast schema')).toBe(root.output('cat /usr/share/ballast/ballast.schema.json'))
    expect(
      root.output("bash -c '. /usr/share/bash-completion/completions/ballast; complete -p ballast'"),
    ).toMatch(/-F _ballast ballast/)
    expect(root.output('zcat /usr/share/man/man1/ballast-run.1.gz')).toContain('.SH OPTIONS')
    expect(root.output('dpkg --verify ballast')).toBe('')
  })

  it('runs as its user by the line that its unit has', () => {
    root.output("echo 'connect: test:///default' >> /etc/ballast/ballast.yaml")
    // As systemd does for StateDirectory=.
    root.output('install -d -o ballast -g ballast -m 700 /var/lib/ballast')
    const [, line] =
      /^ExecStart=(.*)$/m.exec(root.output('cat /usr/lib/systemd/system/ballast.service')) ?? []
    const started = root.run(`setpriv --reuid ballast --regid ballast --init-groups ${line} --ticks 2`)
    expect(started).toMatchObject({ code: 0, stderr: expect.not.stringContaining('rror') })
    expect(started.stdout).toMatch(/dry run|first sample/)
  })

  it('is upgraded, with the configuration that was changed and its state', () => {
    root.output('install -o ballast -m 600 /dev/null /var/lib/ballast/kept')
    root.output('dpkg --install /root/next.deb')
    expect(installedVersion()).toBe(`${next} ii`)
    expect(root.output('cat /etc/ballast/ballast.yaml')).toContain('connect: test:///default')
    expect(exists('/etc/ballast/ballast.yaml.dpkg-dist')).toBe(false)
    expect(exists('/var/lib/ballast/kept')).toBe(true)
    expect(root.output('ballast --version').trim()).toBe(version)
  })

  it('keeps a service disabled that was', () => {
    root.output('systemctl disable ballast.service')
    root.output('dpkg --install /root/next.deb')
    expect(root.run(`readlink ${wanted}`).code).toBe(1)
    root.output('systemctl enable ballast.service')
  })

  it('is removed, but for the configuration and its state', () => {
    root.output('dpkg --remove ballast')
    expect(installedVersion()).toBe(`${next} rc`)
    expect(['/usr/bin/ballast', '/usr/lib/ballast'].filter(exists)).toEqual([])
    expect(['/etc/ballast/ballast.yaml', '/var/lib/ballast/kept'].filter((path) => !exists(path))).toEqual([])
  })

  it('is purged, and nothing of it is left but its user', () => {
    root.output('dpkg --purge ballast')
    expect(root.run('dpkg-query --show ballast').code).toBe(1)
    expect(files()).toEqual(before)
    expect(root.output('getent passwd ballast')).toMatch(/^ballast:/)
  })
})
