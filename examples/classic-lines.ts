import { MiB, pcpuLoads, printable, type View } from 'ballast'

/**
 * The classic CPU monitor: one line per online pCPU, `0 - usage: 103.0 | mapping ['aos_vm1', 'aos_vm8']`.
 * Usage is that of the vCPUs which are there now, in percent of one pCPU; `nan` while it is not known.
 */
export function classicCpuLines(view: View): string[] {
  return pcpuLoads(view).map(({ id, usage, vcpus }) => {
    const names = new Set(vcpus.map((vcpu) => quoted(vcpu.domain.name)))
    return `${id} - usage: ${oneDecimal(usage)} | mapping [${[...names].join(', ')}]`
  })
}

/**
 * The classic memory monitor: one line per domain,
 * `Memory (VM: aos_vm1) Actual [512.0], Unused: [257.21484375]`, in MiB; `nan` where it is not known.
 */
export function classicMemoryLines(view: View): string[] {
  return view.domains.map(
    ({ name, memory }) =>
      `Memory (VM: ${printable(name)}) Actual [${mebibytes(memory.actual)}], Unused: [${mebibytes(memory.unused)}]`,
  )
}

function quoted(name: string): string {
  return `'${printable(name).replaceAll("'", "\\'")}'`
}

function oneDecimal(fraction: number | undefined): string {
  return fraction === undefined ? 'nan' : (100 * fraction).toFixed(1)
}

/** All digits there are, and at least one after the point: 512.0, 257.21484375. */
function mebibytes(bytes: number | undefined): string {
  if (bytes === undefined) return 'nan'
  const value = bytes / MiB
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}
