import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { CliContext } from '../../lib/cli/context.ts'
import { main } from '../../lib/cli/program.ts'
import type { GuestRequirement, MigrationHost } from '../../lib/host/migration.ts'
import { realClock } from '../../lib/libvirt/real-clock.ts'
import { scenarios, simulate } from '../../lib/simulation/index.ts'
import { withMembers } from '../unit/cli/test-context.ts'

/** `ballast run` in this process, on a simulated host in the time of the machine, as a member of a fleet. */
export class RunningHost implements AsyncDisposable {
  readonly uuid: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'ballast-member-'))
  readonly #stop = new AbortController()
  readonly #ended: Promise<number>
  #said = ''
  #ticks = 0

  /** `fleet`: lines of its configuration, but for the servers; `more`: lines beside it. */
  constructor(uuid: string, server: string, fleet: readonly string[] = [], more: readonly string[] = []) {
    this.uuid = uuid
    const config = join(this.#directory, 'ballast.yaml')
    const lines = ['interval: 0.2', `journal: ${this.#directory}/journal`, ...more, 'fleet:']
    const own = [`servers: ${server}`, 'interval: 0.2', `migration-uri: test+tls://${uuid}/`, ...fleet]
    writeFileSync(config, [...lines, ...own.map((line) => `  ${line}`), ''].join('\n'))
    const simulated = simulate(scenarios.A1())
    const { clock } = simulated
    const sleepUntil = async (time: number, signal?: AbortSignal) => {
      await realClock.sleepUntil(realClock.now() + time - clock.now(), signal)
      await clock.sleepUntil(time, signal)
    }
    const paced = withMembers(simulated, {
      clock: { now: () => clock.now(), wallTime: () => Date.now(), sleepUntil },
    })
    const context: CliContext = {
      connect: async () => paced,
      migrationHost: async () => migrationOf(uuid),
      env: {},
      stdout: written(() => this.#ticks++),
      stderr: written((text) => {
        this.#said += text
      }),
      signal: this.#stop.signal,
      onHangup: () => () => {},
    }
    this.#ended = main(['run', '--json', '--config', config], context)
  }

  /** What it said beside its ticks, a line each. */
  get said(): readonly string[] {
    return this.#said.split('\n')
  }

  /** How many ticks there were. */
  get ticks(): number {
    return this.#ticks
  }

  /** Ends it as Ctrl-C does; its exit code. */
  async stop(): Promise<number> {
    this.#stop.abort('SIGINT')
    return await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** A side that moves guests of a host that has none to move. */
function migrationOf(hostUuid: string): MigrationHost & AsyncDisposable {
  const none = async () => undefined
  return {
    hostUuid,
    runs: async () => true,
    requirement: async (uuid): Promise<GuestRequirement> => ({
      architecture: 'x86_64',
      machine: 'pc-q35-7.2',
      cpu: undefined,
      storage: [`/srv/${uuid}`],
      networks: [],
      hugePages: 0,
      immovable: [],
    }),
    problemWith: none,
    migrate: async () => ({ elapsed: 1 }),
    migrationProgress: none,
    abortMigration: none,
    dirtyRate: async () => 1e6,
    carry: async () => {},
    carried: none,
    [Symbol.asyncDispose]: none,
  }
}

function written(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      take(String(chunk))
      done()
    },
  })
}
