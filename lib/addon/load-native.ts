import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type LoadAddon from 'node-gyp-build'
import { BallastError } from '../host/errors.ts'
import type { NativeAddon } from './native.ts'

let addon: NativeAddon | undefined

/**
 * Loads the addon, at the first call only: policies and the simulator work where no libvirt is. Throws
 * `ERR_ADDON_MISSING` with what to install.
 */
export function loadNative(): NativeAddon {
  addon ??= load()
  return addon
}

function load(): NativeAddon {
  try {
    return find() as NativeAddon
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BallastError(
      'ERR_ADDON_MISSING',
      `Cannot load the native addon: ${reason}. ${cureOf(reason)}`,
      {
        cause,
      },
    )
  }
}

/** Required and not imported: a bundler that takes this file leaves the loader and the addon where they are. */
function find(): unknown {
  const require = createRequire(import.meta.url)
  const loadAddon: typeof LoadAddon = require('node-gyp-build')
  try {
    return loadAddon(fileURLToPath(new URL('../..', import.meta.url)))
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('No native build'))) throw error
    // In a bundle this file is somewhere else, and the package in node_modules.
    return loadAddon(dirname(require.resolve('ballast/package.json')))
  }
}

function cureOf(reason: string): string {
  if (reason.includes('libvirt')) {
    return 'Install libvirt 1.2.14 or newer: `apt-get install libvirt0` or `dnf install libvirt-libs`.'
  }
  if (/addons is disabled|has been restricted/.test(reason)) {
    return 'Node runs with `--permission`: add `--allow-addons --allow-fs-read=*`.'
  }
  const bundled =
    'A bundle has to be an ES module with the package in node_modules, or leave `ballast` out (external).'
  return `There is no prebuilt addon for this machine: install libvirt-dev (libvirt-devel), pkg-config and g++, then run \`npm run build:gyp\` in the package. ${bundled}`
}
