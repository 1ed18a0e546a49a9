import type { TickRecord } from '../../../lib/report/tick-json.ts'
import type { HostVm } from './host-vm.ts'

const ticksFile = '/run/controller.ticks'
const logFile = '/run/controller.log'

/** Ticks after a change before anything is judged, and ticks in a row without an action that count as idle. */
const [patience, idleTicks] = [8, 5]

/** Ticks within which a host has to be idle. */
const mostTicks = 40

/** `ballast cpu` as a transient unit of the host's systemd. */
export class Controller {
  readonly #vm: HostVm

  private constructor(vm: HostVm) {
    this.#vm = vm
  }

  static async start(vm: HostVm): Promise<Controller> {
    await vm.run(`
      rm -f ${ticksFile} ${logFile}
      systemd-run --quiet --unit=controller --property=StandardOutput=file:${ticksFile} \\
        --property=StandardError=file:${logFile} --property=RemainAfterExit=yes ballast cpu 2 --json`)
    return new Controller(vm)
  }

  /** Ticks so far. */
  async ticks(): Promise<number> {
    return Number(await this.#vm.run(`touch ${ticksFile}; wc -l < ${ticksFile}`))
  }

  /** Waits until nothing is done any more after so many ticks; false when it goes on for too long, or has ended. */
  async idle(after: number): Promise<boolean> {
    for (;;) {
      const count = await this.ticks()
      if (count >= after + patience) {
        const last = await this.#records(`tail -n ${idleTicks} ${ticksFile}`)
        if (last.every(({ outcomes }) => outcomes.length === 0)) return true
      }
      if (count > after + mostTicks || !(await this.#running())) return false
      await this.#vm.run('sleep 2')
    }
  }

  /** Ends it; gives its exit code and the end of what it said. */
  async stop(): Promise<{ readonly code: number; readonly log: string }> {
    await this.#vm.run(`
      kill -TERM $(systemctl show -P MainPID controller)
      while [ "$(systemctl show -P SubState controller)" = running ]; do sleep 0.2; done`)
    const code = Number(await this.#vm.run('systemctl show -P ExecMainStatus controller'))
    await this.#vm.run('systemctl stop controller; systemctl reset-failed controller 2> /dev/null; true')
    return { code, log: await this.#vm.run(`tail -n 12 ${logFile}`) }
  }

  /** How often a pin to each pCPU was refused, by the list of pCPUs that was asked for. */
  async refused(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    for (const { outcomes } of await this.#records(`grep '"status":"failed"' ${ticksFile} || true`)) {
      for (const { action, status } of outcomes) {
        if (status === 'failed' && action.kind === 'pin')
          counts.set(action.cpus, (counts.get(action.cpus) ?? 0) + 1)
      }
    }
    return counts
  }

  async #running(): Promise<boolean> {
    return (await this.#vm.exec('systemctl show -P SubState controller')).stdout.trim() === 'running'
  }

  async #records(command: string): Promise<TickRecord[]> {
    const lines = await this.#vm.run(command)
    return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as TickRecord)
  }
}
