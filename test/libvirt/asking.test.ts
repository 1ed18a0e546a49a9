import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { hasSystemDaemon, type SystemDaemon, startSystemDaemon } from './system-daemon.ts'

describe.skipIf(!hasSystemDaemon)('a controller of a host that a daemon serves', () => {
  let daemon: SystemDaemon
  let controller: ChildProcess
  let state = ''
  let said = ''
  beforeAll(async () => {
    daemon = await startSystemDaemon()
    state = mkdtempSync('/var/tmp/ballast-asking-')
    controller = spawn(...command('run', '0.2', '--scheduler', 'round-robin', '--ballooning', 'none'))
    controller.stderr!.on('data', (text) => (said += text))
    controller.stdout!.on('data', (text) => (said += text))
    while (!said.includes('pin test vCPU 1')) await once(controller.stdout!, 'data')
  })
  afterAll(async () => {
    controller?.kill('SIGKILL')
    await daemon?.remove()
    if (state !== '') rmSync(state, { recursive: true, force: true })
  })

  /** The command line within the daemon's mounts, where /run is its own; as another user where `user` says so. */
  function command(...args: string[]): [string, string[], { env: NodeJS.ProcessEnv }] {
    return as([], ...args)
  }

  function as(user: readonly string[], ...args: string[]): [string, string[], { env: NodeJS.ProcessEnv }] {
    const [program, ...before] = daemon.within
    const line = [...before, ...user, process.execPath, `${inject('compiled')}/lib/cli/main.js`, ...args]
    return [
      program!,
      line,
      { env: { ...process.env, LIBVIRT_DEFAULT_URI: daemon.uri, XDG_STATE_HOME: state } },
    ]
  }

  function ask(line: ReturnType<typeof command>) {
    const { status, stdout, stderr } = spawnSync(line[0], line[1], { ...line[2], encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  it('says what it did and why, from memory', () => {
    const history = ask(command('history', '--json'))
    expect(history).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^ballast: known since [^\n]+\n$/),
    })
    const [first] = history.stdout.split('\n').map((line) => JSON.parse(line || '{}'))
    expect(first.outcome.action).toMatchObject({
      kind: 'pin',
      domain: 'test',
      reason: { kind: 'round-robin' },
    })
    const why = ask(command('why', 'test'))
    expect(why).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ {2}reason +turn of pCPU/m) })
  })

  it('shows in its status that it can be asked', () => {
    const { stdout } = ask(command('status', '--json'))
    expect(JSON.parse(stdout).locks[0].owner).toMatchObject({ answers: 3 })
  })

  it('is not seen by a user who may not see its lock', () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const { status, stderr } = ask(as(nobody, 'history'))
    expect(status).toBe(1)
    expect(stderr).toContain('no controller of test+unix:///default')
  })

  it('does not answer any more when it was killed, and the next one does', async () => {
    controller.kill('SIGKILL')
    await once(controller, 'close')
    expect(ask(command('history')).stderr).toContain('no controller of')
    said = ''
    controller = spawn(...command('run', '0.2', '--scheduler', 'round-robin', '--ballooning', 'none'))
    controller.stdout!.on('data', (text) => (said += text))
    await once(controller.stdout!, 'data')
    expect(ask(command('history'))).toMatchObject({ status: 0 })
  })
})
