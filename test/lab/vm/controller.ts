import { readFile } from 'node:fs/promises'
import type { TickRecord } from '../../../lib/report/tick-json.ts'
import type { HostVm } from './host-vm.ts'

const ticksFile = '/run/controller.ticks'
const logFile = '/run/controller.log'
const program = new URL('asks-libvirt.mjs', import.meta.url)

/** Ticks in a row without an action that count as idle. */
const idleTicks = 5

/** Ticks within which a host has to be idle, and as it should be. */
const mostTicks = 40

/** `ballast`: the program. `libvirt`: one that asks libvirt alone, as of a remote host. */
export type Kind = 'ballast' | 'libvirt'

/** A controller as a transient unit of the host's systemd. */
export class Controller {
  readonly #vm: HostVm

  private constructor(vm: HostVm) {
    this.#vm = vm
  }

  static async start(vm: HostVm, kind: Kind): Promise<Controller> {
    let command = '/usr/bin/ballast cpu 2 --json'
    if (kind === 'libvirt') {
      await vm.run(`cat > /run/controller.mjs << 'END'\n${await readFile(program, 'utf8')}END`)
      command = '/usr/bin/node /run/controller.mjs'
    }
    // Exit code 3: under software emulation libvirt may take longer for its first answer than a program waits.
    await vm.run(`
      rm -f ${ticksFile} ${logFile}
      systemd-run --quiet --unit=controller --property=StandardOutput=append:${ticksFile} \\
        --property=StandardError=append:${logFile} --property=RemainAfterExit=yes \\
        --property=RestartForceExitStatus=3 --property=RestartSec=1 ${command}`)
    return new Controller(vm)
  }

  /** Ticks so far. */
  async ticks(): Promise<number> {
    return Number(await this.#vm.run(`touch ${ticksFile}; wc -l < ${ticksFile}`))
  }

  /**
   * Waits until nothing is done any more, for five ticks that began after there were `after`, and all is as it should be.
   * Gives what is wrong, in words, when that does not come, and the last tick.
   */
  async settled(
    after: number,
    wrong: (tick: TickRecord) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    for (let complaints: readonly string[] = ['no tick']; ; await this.#vm.run('sleep 2')) {
      const count = await this.ticks()
      // The tick that was under way when the host was changed is not counted.
      if (count > after + idleTicks) {
        const last = await this.#records(`head -n ${count} ${ticksFile} | tail -n ${idleTicks}`)
        const idle = last.every(({ outcomes }) => outcomes.length === 0)
        complaints = idle ? await wrong(last.at(-1)!) : ['not idle']
        if (complaints.length === 0) return []
      }
      if (count > after + mostTicks) return complaints
      if (await this.#ended()) return [`it ended by itself: ${await this.#said()}`]
    }
  }

  /** Ends it; gives its exit code and the end of what it said. */
  async stop(): Promise<{ readonly code: number; readonly log: string }> {
    const code = await this.#vm.run(`
      pid=$(systemctl show -P MainPID controller)
      [ $pid = 0 ] || kill -TERM $pid
      while [ "$(systemctl show -P SubState controller)" = running ]; do sleep 0.2; done
      systemctl show -P ExecMainStatus controller
      systemctl -q stop controller
      systemctl -q reset-failed controller 2> /dev/null; true`)
    return { code: Number(code), log: await this.#said() }
  }

  /** Its ticks, first to last. */
  async records(): Promise<TickRecord[]> {
    return this.#records(`cat ${ticksFile}`)
  }

  async #ended(): Promise<boolean> {
    const state = await this.#vm.run('systemctl show -P SubState controller')
    return state === 'exited' || state === 'failed' || state === 'dead'
  }

  #said(): Promise<string> {
    return this.#vm.run(`tail -n 12 ${logFile}`)
  }

  async #records(command: string): Promise<TickRecord[]> {
    const lines = await this.#vm.run(command)
    return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as TickRecord)
  }
}
