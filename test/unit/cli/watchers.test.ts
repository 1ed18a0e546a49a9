import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BallastError } from '../../../lib/host/errors.ts'
import type { Host } from '../../../lib/host/host.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { affinities, ballast, keep, withMembers } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-watchers-'))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const journal = () => ['--journal', join(directory, `${files++}.jsonl`)]

function configuration(text: string): string {
  const path = join(directory, `${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describe('ballast run --metrics', () => {
  it('serves what the loop does while it runs, at each address', async () => {
    const host = simulate(scenarios.A1())
    const socket = join(directory, 'metrics.sock')
    let text = ''
    let samples = 0
    const watched: Partial<Host> = {
      // Asks from within, since a simulated run is over at once.
      sampleCpu: async () => {
        if (++samples === 5) text = await ask()
        return host.sampleCpu()
      },
    }
    let port = 0
    const ask = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const stderr = /metrics at http:\/\/127\.0\.0\.1:(\d+)\/metrics\n/
    const free = createServer()
    port = await listening(free)
    await new Promise((resolve) => free.close(resolve))
    const args = [
      'run',
      '2',
      '--ticks',
      '6',
      '--metrics',
      `${port}`,
      '--metrics',
      `unix:${socket}`,
      ...journal(),
    ]
    const ending = await ballast(args, async () => withMembers(host, watched))
    expect(ending).toMatchObject({ code: 0, stderr: expect.stringMatching(stderr) })
    expect(ending.stderr).toContain(`metrics at unix:${socket}\n`)
    expect(text).toContain('ballast_ticks_total{cause="interval"} 4\n')
    expect(text).toMatch(
      /^ballast_decisions_total\{action="move",reason="balance-move",outcome="applied"\} [1-9]/m,
    )
    expect(text).toContain(
      'ballast_config_info{scheduler="balance",ballooning="shares",ksm="none",dry_run="false"} 1\n',
    )
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow()
  })

  it('ends with 1 when the port is taken, and has changed nothing', async () => {
    const other = createServer()
    const port = await listening(other)
    const host = simulate(scenarios.A1())
    const before = await affinities(host)
    const ending = await ballast(['run', '--ticks', '9', '--metrics', `${port}`, ...journal()], keep(host))
    expect(ending).toEqual({
      code: 1,
      stdout: '',
      stderr: `ballast: Cannot serve metrics at 127.0.0.1:${port}: another program listens there; stop it, or choose another address\n`,
    })
    expect(await affinities(host)).toEqual(before)
    other.close()
  })
})

describe('notify:', () => {
  /** Runs with an address that is told, and gives what it was told. */
  async function told(connect: () => Promise<Host>, ...args: string[]) {
    const messages: Record<string, unknown>[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      messages.push(JSON.parse(body))
      response.end()
    })
    const config = configuration(`notify: { url: 'http://127.0.0.1:${await listening(server)}/x' }\n`)
    const ending = await ballast(['run', '2', '--config', config, ...args, ...journal()], connect)
    server.closeAllConnections()
    server.close()
    return { messages, ending }
  }

  it('tells an address of what happened, before the run ends', async () => {
    const host = simulate(scenarios.A1())
    let samples = 0
    const lost = new BallastError('ERR_DISCONNECTED', 'The connection is lost: eof')
    const sampleCpu = () => (++samples === 4 ? Promise.reject(lost) : host.sampleCpu())
    const { messages, ending } = await told(async () => withMembers(host, { sampleCpu }), '--ticks', '8')
    expect(ending.code).toBe(0)
    expect(messages).toMatchObject([
      { event: 'control-lost', state: 'begun', dryRun: false, uri: host.uri },
      { event: 'control-lost', state: 'ended', text: 'control regained' },
    ])
  })

  it('tells of a run that ends by an error, and marks a dry one', async () => {
    const host = simulate(scenarios.A1())
    let samples = 0
    const over = new BallastError('ERR_CONNECTION_LOST', 'It came back with other pCPUs')
    const sampleCpu = () => (++samples === 3 ? Promise.reject(over) : host.sampleCpu())
    const connect = async () => withMembers(host, { sampleCpu, subscribe: () => () => {} })
    const { messages } = await told(connect, '--dry-run', '--ticks', '8')
    expect(messages[0]).toMatchObject({ event: 'control-lost', state: 'begun', dryRun: true })
  })

  it('says that a program cannot be run, at the start', async () => {
    const config = configuration('notify: { program: /nonexistent/page-me }\n')
    const args = ['run', '2', '--config', config, '--ticks', '1', ...journal()]
    const { code, stderr } = await ballast(args, async () => simulate(scenarios.A1()))
    expect(code).toBe(0)
    expect(stderr).toContain(
      'ballast: /nonexistent/page-me is to be run for notifications, and cannot be: ENOENT',
    )
  })

  it('is shown by ballast check, without what may be a secret', async () => {
    const config = configuration(
      'metrics: [9177, "unix:/run/x.sock"]\nnotify: [{ program: /bin/true }, { url: "https://h/s3cret" }]\n',
    )
    const { code, stdout } = await ballast(['check', config], async () => {
      throw new Error('it tried to connect')
    })
    expect(code).toBe(0)
    expect(stdout).toContain('metrics at: 127.0.0.1:9177, unix:/run/x.sock\n')
    expect(stdout).toContain('notifies: /bin/true, https://h\n')
  })
})
