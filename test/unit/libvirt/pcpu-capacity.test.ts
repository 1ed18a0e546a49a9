import { expect, it } from 'vitest'
import { readCapacities } from '../../../lib/libvirt/pcpu-capacity.ts'

/** Reads files of which each has one value for each pCPU, or one for all. */
function capacities(files: Readonly<Record<string, readonly number[] | string>>, pcpus = [0, 1, 2, 3]) {
  const found = readCapacities(pcpus, (path) => {
    const [, pcpu, name] = /^system\/cpu\/cpu(\d+)\/(.*)$/.exec(path) ?? [undefined, undefined, path]
    const file = files[name!]
    return typeof file === 'string' ? file : file?.[Number(pcpu)]?.toString().concat('\n')
  })
  return pcpus.map((pcpu) => found.get(pcpu))
}

const unknown = [undefined, undefined, undefined, undefined]

it('is what the kernel says, of its largest', () => {
  expect(capacities({ cpu_capacity: [1024, 1024, 512, 512] })).toEqual([1, 1, 0.5, 0.5])
  expect(capacities({ cpu_capacity: [800, 800, 400, 400] })).toEqual([1, 1, 0.5, 0.5])
})

it('is by the highest frequency where the kernel says nothing else', () => {
  const frequencies = [5_200_000, 5_000_000, 3_900_000, 3_900_000]
  expect(capacities({ 'cpufreq/cpuinfo_max_freq': frequencies })).toEqual([1, 1, 0.75, 0.75])
  const same = { cpu_capacity: [1024, 1024, 1024, 1024], 'cpufreq/cpuinfo_max_freq': frequencies }
  expect(capacities(same)).toEqual([1, 1, 0.75, 0.75])
})

it('is by the type of core at the last', () => {
  expect(capacities({ 'cpu_core/cpus': '0-1\n', 'cpu_atom/cpus': '2-3\n' })).toEqual([1, 1, 0.6, 0.6])
})

it.each([
  ['nothing is there', {}],
  ['all are the same', { cpu_capacity: [1024, 1024, 1024, 1024] }],
  ['equal cores turbo a little differently', { 'cpufreq/cpuinfo_max_freq': [52, 50, 51, 48] }],
  ['some are not known', { cpu_capacity: [1024, 512] }],
  ['it is no number', { cpu_capacity: 'x' }],
  ['there is one type', { 'cpu_atom/cpus': '0-3' }],
  ['a list cannot be read', { 'cpu_core/cpus': '0-1', 'cpu_atom/cpus': 'x' }],
])('is that of all where %s', (_, files) => {
  expect(capacities(files as never)).toEqual(unknown)
})
