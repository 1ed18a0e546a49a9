import { KiB } from '../util/units.ts'

/**
 * Bytes of an ordinary page of the host, from its capabilities XML: the smallest size that `<cpu>` lists. KSM counts in
 * these. 4 KiB where nothing is listed, as with libvirt before 1.2.6.
 */
export function pageSizeOf(capabilities: string): number {
  const cpu = /<cpu>[\s\S]*?<\/cpu>/.exec(capabilities)?.[0] ?? ''
  const listed = [...cpu.matchAll(/<pages unit='KiB' size='(\d+)'\/>/g)].map(([, size]) => Number(size) * KiB)
  return listed.length > 0 ? Math.min(...listed) : 4 * KiB
}
