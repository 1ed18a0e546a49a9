import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether there is a tmux; set-up installs it. */
export const hasTmux = spawnSync('tmux', ['-V']).status === 0

/** Milliseconds that something may take to be seen. */
const patience = 30_000

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A real terminal, of a tmux server of its own, with an interactive shell in it. */
export class TestTerminal implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'ballast-terminal-'))

  constructor({ columns = 80, rows = 24, env = {} }: TerminalOptions = {}) {
    const settings = Object.entries({ LC_ALL: 'C.UTF-8', PS1: 'ready> ', ...env })
    this.#tmux(
      ...['-u', 'new-session', '-d', '-x', String(columns), '-y', String(rows)],
      ...settings.flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      ...['bash', '--norc', '--noprofile', '-i'],
    )
  }

  /** The screen, a text for each line. */
  get screen(): string[] {
    return this.#tmux('capture-pane', '-p').split('\n').slice(0, -1)
  }

  /** Whether the cursor is seen, the other screen is on, and long lines are wrapped. */
  get modes(): string {
    return this.#tmux(
      'display-message',
      '-p',
      'cursor #{cursor_flag}, other screen #{alternate_on}, wraps #{wrap_flag}',
    ).trim()
  }

  /** Types a line. */
  run(command: string): void {
    this.#tmux('send-keys', '-l', command)
    this.press('Enter')
  }

  /** Presses keys, by the names that tmux has for them. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.#tmux('send-keys', key)
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** The screen, as soon as it shows this; what is blank at its end is left out for that. */
  async shows(what: RegExp): Promise<string[]> {
    return await this.until((screen) => what.test(screen.join('\n').trimEnd()), String(what))
  }

  async until(isSo: (screen: string[]) => boolean, what: string): Promise<string[]> {
    const end = performance.now() + patience
    for (;;) {
      const { screen } = this
      if (isSo(screen)) return screen
      if (performance.now() > end) throw new Error(`not shown: ${what}\n${screen.join('\n')}`)
      await sleep(50)
    }
  }

  [Symbol.dispose](): void {
    this.#tmux('kill-server')
    rmSync(this.directory, { recursive: true, force: true })
  }

  #tmux(...args: readonly string[]): string {
    const server = ['-S', join(this.directory, 'tmux'), '-f', '/dev/null']
    return execFileSync('tmux', [...server, ...args], { encoding: 'utf8' })
  }
}
