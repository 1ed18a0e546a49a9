import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest'

/** Prints each datagram as one line of JSON, as systemd would hear it: Node has no sockets for them. */
const manager = `
import json, socket, sys
name = sys.argv[1]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind('\\0' + name[1:] if name[0] == '@' else name)
print('listening', flush=True)
while True:
    print(json.dumps(server.recv(65536).decode()), flush=True)
`
const program = `${inject('compiled')}/test/unit/cli/simulated.js`
const directory = mkdtempSync(join(tmpdir(), 'ballast-service-'))
afterAll(() => rmSync(directory, { recursive: true }))

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

function follow(child: ChildProcess) {
  running.push(child)
  const output = { text: '' }
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk) => {
      output.text += chunk
    })
  }
  return {
    child,
    output,
    async says(what: RegExp) {
      while (!what.test(output.text)) await once(child.stdout!, 'data')
    },
  }
}

/** A service manager, and `ballast` as its service. */
async function serve(socket: string, args: readonly string[], env: Record<string, string> = {}) {
  const heard = follow(spawn('python3', ['-c', manager, socket]))
  await heard.says(/listening/)
  const ballast = follow(
    spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env, TEST_HOST: 'works', NOTIFY_SOCKET: socket, XDG_STATE_HOME: directory },
    }),
  )
  const ended = once(ballast.child, 'close').then(([code]) => code as number | null)
  const states = () =>
    heard.output.text
      .split('\n')
      .slice(1, -1)
      .map((line) => String(JSON.parse(line)).split('\n')[0]!)
      .filter((state) => !state.startsWith('STATUS='))
  return { heard, ballast, ended, states }
}

describe('a service manager', () => {
  it.each([
    ['that is a file', join(directory, 'socket')],
    ['of the abstract namespace', `@ballast-test-${process.pid}`],
  ])('with a socket %s hears READY, WATCHDOG, reloads and STOPPING', async (_, socket) => {
    const config = join(directory, 'ballast.yaml')
    writeFileSync(config, 'interval: 1\n')
    const args = ['run', '--config', config]
    const { heard, ballast, ended, states } = await serve(socket, args, { WATCHDOG_USEC: '200000' })
    await heard.says(/READY=1\\nSTATUS=tick 0: 8 guests/)
    await heard.says(/WATCHDOG=1/)
    ballast.child.kill('SIGHUP')
    await heard.says(/RELOADING=1[\s\S]*"READY=1/)
    writeFileSync(config, 'interval: no\n')
    ballast.child.kill('SIGHUP')
    await heard.says(/STATUS=configuration not reloaded: 1 error in /)
    ballast.child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await heard.says(/STOPPING=1/)
    expect(states().filter((state) => state !== 'WATCHDOG=1')).toEqual([
      ...['READY=1', 'RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1'],
    ])
    expect(ballast.output.text).toContain(`${config}:1:11: the interval must be`)
  })

  it('that is gone does not stop the work, and the user hears of it once', async () => {
    const child = follow(
      spawn(process.execPath, [program, 'cpu', '1', '-n', '5'], {
        env: {
          ...process.env,
          TEST_HOST: 'works',
          NOTIFY_SOCKET: join(directory, 'nobody'),
          XDG_STATE_HOME: directory,
        },
      }),
    )
    const [code] = await once(child.child, 'close')
    expect(code).toBe(0)
    expect(
      child.output.text.match(/cannot tell the service manager: .*nobody: .*No such file/g),
    ).toHaveLength(1)
  })
})
