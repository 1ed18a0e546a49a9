import { fleetCases, runFleetCase } from '../fleet/cases/index.ts'
import { classic } from './balance.ts'
import { type Case, type CaseOptions, type CaseResult, Stage } from './case.ts'
import { CPUSET } from './cpuset.ts'
import { DEMAND } from './demand.ts'
import { withControl } from './disturbance.ts'
import { DRY_RUN } from './dry-run.ts'
import { HUGE } from './huge.ts'
import { KSM } from './ksm.ts'
import { M1, M2, M3, M4 } from './memory.ts'
import { QUOTA } from './quota.ts'
import { REBOOT } from './reboot.ts'
import { RECORDED } from './recorded.ts'
import { REFUSE } from './refuse.ts'
import { repeatDisturbed } from './repeat.ts'
import { RUN_ID } from './run-id.ts'
import { SQUEEZE } from './squeeze.ts'
import { TRAP } from './trap.ts'
import { VIRTIO_MEM } from './virtio-mem.ts'
import { WHATIF } from './what-if.ts'

const cases: Readonly<Record<string, Case>> = {
  ...classic,
  TRAP,
  DEMAND,
  QUOTA,
  CPUSET,
  M1,
  M2,
  M3,
  M4,
  SQUEEZE,
  REFUSE,
  HUGE,
  KSM,
  REBOOT,
  'VIRTIO-MEM': VIRTIO_MEM,
  'RUN-ID': RUN_ID,
  'DRY-RUN': DRY_RUN,
  RECORDED,
  WHATIF,
}

/** Those that need cgroups, which a private host does not have: they always run on `qemu:///system`. */
const needsCgroups: ReadonlySet<string> = new Set(['QUOTA'])

/** The names of the cases. */
export const caseNames: readonly string[] = [...Object.keys(cases), ...Object.keys(fleetCases)]

function onSystem({ lab, ...options }: CaseOptions): CaseOptions {
  return { ...options, ...(lab?.uri === 'qemu:///system' && { lab }), system: true }
}

/**
 * Runs a case, by the rule for what is disturbed.
 *
 * @param endedWell default: it passed, or without a policy failed, as it has to
 */
export function runCase(
  name: string,
  options: CaseOptions,
  endedWell = ({ passed }: CaseResult) => passed !== options.off,
): Promise<CaseResult> {
  const fleetCase = fleetCases[name]
  const run = async () => {
    if (fleetCase) return runFleetCase(fleetCase, options)
    await using stage = await Stage.set(needsCgroups.has(name) ? onSystem(options) : options)
    const began = Date.now()
    const result = await cases[name]!(stage)
    return withControl(result, await stage.control.between(began, Date.now()))
  }
  return repeatDisturbed<CaseResult>(run, { endedWell, log: options.log })
}
