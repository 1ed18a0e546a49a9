import { missingPackages } from '../../scripts/setup.mjs'
import { labUser } from './daemon.ts'
import { kernelUnavailable } from './image.ts'

/** Why the lab cannot run on this machine, in one line; undefined: it can. */
export async function labUnavailable(
  options: { readonly system?: boolean } = {},
): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the lab needs Linux on x86-64, this is ${process.platform} on ${process.arch}`
  }
  const missing = missingPackages(['lab'])
  if (missing.length > 0) {
    return `packages are missing (node scripts/setup.mjs --lab installs them): ${missing.join(' ')}`
  }
  if (options.system && process.getuid?.() !== 0) return 'the lab on qemu:///system needs root'
  if ((await labUser()) === undefined) return 'root runs the lab as the user nobody, and there is none'
  return kernelUnavailable()
}
