import type { CaseResult } from '../../cases/case.ts'
import { HostVm, VmDied } from '../host-vm.ts'
import { withProduct } from '../product.ts'
import { CGROUPS } from './cgroups.ts'
import type { HostCase } from './host-case.ts'
import { OFFLINE } from './offline.ts'
import { SLICE } from './slice.ts'
import { UNIT } from './unit.ts'

const cases: Readonly<Record<string, HostCase>> = { UNIT, SLICE, OFFLINE, CGROUPS }

/** The names of the cases on a whole host. */
export const hostCaseNames: readonly string[] = Object.keys(cases)

/**
 * Runs a case in a VM of its own. Where the VM itself dies, which under software emulation happens, it is run once more; a case
 * that fails has failed.
 */
export function runHostCase(
  name: string,
  log: (line: string) => void,
): Promise<CaseResult & { readonly vms: number }> {
  return withProduct(log, async (product) => {
    for (let vms = 1; ; vms++) {
      try {
        await using vm = await HostVm.boot(log)
        return { ...(await cases[name]!({ vm, product, log })), vms }
      } catch (error) {
        if (!(error instanceof VmDied) || vms === 2) throw error
        log(`${error.message}\nonce more, in another VM`)
      }
    }
  })
}
