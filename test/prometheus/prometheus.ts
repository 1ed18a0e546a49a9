import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programOf } from '../../scripts/unpacked.mjs'
import { eventually } from '../libvirt/eventually.ts'
import { freePort } from '../support/free-port.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Milliseconds between two scrapes of a target. */
export const scrapeInterval = 250

/** The path of a program of Prometheus. Throws with what to do where it is not here. */
function programPath(name: 'prometheus' | 'promtool'): string {
  const path = programOf(name, 'prometheus')
  if (path === undefined) throw new Error(`${name} is not here: node scripts/setup.mjs --prometheus`)
  return path
}

/** Runs promtool in the checkout, with `input` on its stdin; its exit code and all that it says. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(programPath('promtool'), args, {
    cwd: root,
    input,
    encoding: 'utf8',
  })
  return { code: status, said: `${stdout}${stderr}` }
}

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A Prometheus of its own, on a free port of the loopback address, with a storage folder of its own. */
export class Prometheus implements AsyncDisposable {
  readonly #child: ChildProcess
  /** Ends it, and removes its folder, when this process ends in whichever way. */
  readonly #watcher: ChildProcess
  readonly #directory: string
  readonly #url: string

  private constructor(child: ChildProcess, directory: string, url: string) {
    this.#child = child
    const ends = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"'
    this.#watcher = spawn('sh', ['-c', ends, 'sh', `${child.pid}`, directory], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#directory = directory
    this.#url = url
  }

  /** Starts one that scrapes `HOST:PORT` of each job, with the rules of the package. */
  static async start(targets: Readonly<Record<string, string>>): Promise<Prometheus> {
    const directory = mkdtempSync(join(tmpdir(), 'ballast-prometheus-'))
    const configuration = {
      global: {
        scrape_interval: `${scrapeInterval}ms`,
        scrape_timeout: `${scrapeInterval}ms`,
        evaluation_interval: '1s',
      },
      rule_files: ['ballast-records.yml', 'ballast-alerts.yml'].map((name) =>
        join(root, 'packaging/prometheus', name),
      ),
      scrape_configs: Object.entries(targets).map(([job, target]) => ({
        job_name: job,
        static_configs: [{ targets: [target] }],
      })),
    }
    // JSON is YAML.
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(configuration))
    const address = `127.0.0.1:${await freePort()}`
    const args = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=error',
    ]
    const child = spawn(programPath('prometheus'), args, { stdio: ['ignore', 'inherit', 'inherit'] })
    const started = new Prometheus(child, directory, `http://${address}`)
    try {
      await eventually(async () => {
        if (child.exitCode !== null) return
        const { ok } = await fetch(`${started.#url}/-/ready`)
        if (!ok) throw new Error('Prometheus is not ready')
      })
      if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`)
      return started
    } catch (error) {
      await started[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What a query gives now. */
  async query(query: string): Promise<Sample[]> {
    const { result } = await this.#get<{
      result: { metric: Record<string, string>; value: [number, string] }[]
    }>(`query?query=${encodeURIComponent(query)}`)
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  /** The value of the only series that a query gives. Throws where there is none, or more than one. */
  async value(query: string): Promise<number> {
    const samples = await this.query(query)
    if (samples.length !== 1) throw new Error(`${query} gives ${samples.length} series`)
    return samples[0]!.value
  }

  /** The rules that it has evaluated, with what was wrong with them. */
  async rules(): Promise<{ readonly name: string; readonly health: string; readonly lastError?: string }[]> {
    const { groups } = await this.#get<{ groups: { rules: { name: string; health: string }[] }[] }>('rules')
    return groups.flatMap(({ rules }) => rules)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await ended
    }
    this.#watcher.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`)
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(error)
    return data
  }
}
