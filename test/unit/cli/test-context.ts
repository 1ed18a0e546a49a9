import { Writable } from 'node:stream'
import type { CliContext, Output } from '../../../lib/cli/context.ts'
import { main } from '../../../lib/cli/program.ts'
import type { Host } from '../../../lib/host/host.ts'

/** How a run of the command line ended, and what it wrote. */
export interface Ending {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line in this process, on the host that `connect` gives. */
export async function ballast(
  args: readonly string[],
  connect: CliContext['connect'],
  env: CliContext['env'] = {},
  terminal: Pick<Output, 'isTTY' | 'columns' | 'rows'> = {},
  lockPlaces?: CliContext['lockPlaces'],
): Promise<Ending> {
  const stdout = capture()
  const stderr = capture()
  const { signal } = new AbortController()
  const code = await main(args, {
    connect,
    env,
    stdout: Object.assign(stdout.stream, terminal),
    stderr: stderr.stream,
    signal,
    onHangup: () => () => {},
    lockPlaces,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** The surroundings of a command whose output nobody reads. */
export function contextOf(connect: CliContext['connect'], signal: AbortSignal): CliContext {
  const stream = capture().stream
  return { connect, env: {}, stdout: stream, stderr: stream, signal, onHangup: () => () => {} }
}

/** `host` with some of its members replaced. */
export function withMembers(host: Host, members: Partial<Host>): Host {
  return new Proxy(host, {
    get(target, name) {
      const value: unknown = name in members ? Reflect.get(members, name) : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Hands `host` over without letting the command close it, so that it can be looked at afterwards. */
export const keep = (host: Host) => async () =>
  withMembers(host, { close: async () => {}, [Symbol.asyncDispose]: async () => {} })

/** The affinity of each vCPU, as the words of a bitmap. */
export async function affinities(host: Host): Promise<number[]> {
  const { affinity } = await host.sampleCpu()
  return [...affinity]
}

function capture() {
  const written: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  return { stream, text: () => written.join('') }
}
