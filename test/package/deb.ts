import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { filesBelow } from './checkout.ts'
import { output } from './shell.ts'

/** What is in the package for Debian of a checkout that has its addon; `npm run test:deb` installs it. */
export function deb(checkout: string): void {
  const content = join(checkout, 'deb')
  const read = (path: string) => readFileSync(join(content, path), 'utf8')
  let files: string[]

  beforeAll(async () => {
    const name = await output(checkout, 'npm', 'run', '--silent', 'package:deb')
    mkdirSync(content)
    await output(checkout, 'dpkg-deb', '--raw-extract', name.trim(), content)
    files = filesBelow(content)
  })

  it('has the program, the unit, the user, the configuration, man pages and completions', () => {
    const expected = [
      'DEBIAN/conffiles',
      'etc/ballast/ballast.yaml',
      'usr/lib/ballast/dist/cli/main.js',
      'usr/lib/ballast/package.json',
      'usr/lib/systemd/system/ballast.service',
      'usr/lib/sysusers.d/ballast.conf',
      'usr/lib/tmpfiles.d/ballast.conf',
      'usr/share/ballast/ballast.schema.json',
      'usr/share/bash-completion/completions/ballast',
      'usr/share/doc/ballast/copyright',
      'usr/share/fish/vendor_completions.d/ballast.fish',
      'usr/share/man/man1/ballast.1.gz',
      'usr/share/man/man1/ballast-run.1.gz',
      'usr/share/man/man5/ballast.yaml.5.gz',
      'usr/share/zsh/vendor-completions/_ballast',
    ]
    expect(files).toEqual(expect.arrayContaining(expected))
    expect(files.filter((file) => file.endsWith('.node'))).toEqual([
      `usr/lib/ballast/prebuilds/linux-${process.arch}/ballast.glibc.node`,
    ])
    expect(files.filter((file) => /\.(ts|map|cc)$|\/native\/|typescript|vitest/.test(file))).toEqual([])
  })

  it('depends on the Node and the libraries that it runs with', () => {
    const control = read('DEBIAN/control')
    expect(control).not.toContain('${')
    expect(control).toMatch(
      /^Depends: nodejs \(>= 20\.19\), libvirt0 \(>= 1\.2\.14\), libc6 \(>= 2\.\d+\), .*libstdc\+\+6 \(>= \d+\)/m,
    )
    // What the unit calls.
    expect(control).toMatch(/^Depends: .*\bprocps\b/m)
    expect(read('DEBIAN/conffiles')).toBe('/etc/ballast/ballast.yaml\n')
  })

  it('has the modules that the program imports, and runs with nothing else', async () => {
    const program = join(content, 'usr/lib/ballast/dist/cli/main.js')
    expect(read('usr/lib/ballast/dist/cli/main.js')).toMatch(/^#!\/usr\/bin\/node\n/)
    const check = await output(
      '/',
      process.execPath,
      program,
      'check',
      join(content, 'etc/ballast/ballast.yaml'),
    )
    expect(check).toMatch(/^ok: /)
    const ticks = await output(
      '/',
      process.execPath,
      program,
      'monitor',
      '0.1',
      '--ticks',
      '1',
      '--connect',
      'test:///default',
    )
    expect(ticks).toContain('guest')
  })
}
