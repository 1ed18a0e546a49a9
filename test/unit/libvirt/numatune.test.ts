import { expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { readTraits } from '../../../lib/libvirt/domain-xml.ts'
import { simulate } from '../../../lib/simulation/index.ts'

const cellsOf = (numatune: string) =>
  readTraits(`<domain><numatune>${numatune}</numatune></domain>`).memoryCells?.toString()

it.each([
  ["<memory mode='strict' nodeset='1'/>", '1'],
  ["<memory nodeset='0-1'/>", '0-1'],
  ["<memory mode='restrictive' nodeset='0'/>", '0'],
  [
    "<memory mode='strict' nodeset='0-3'/><memnode cellid='0' mode='strict' nodeset='1'/><memnode cellid='1' mode='strict' nodeset='2'/>",
    '1-2',
  ],
  ["<memory mode='preferred' nodeset='1'/>", undefined],
  ["<memory mode='interleave' nodeset='0-1'/>", undefined],
  ["<memory mode='strict' placement='auto'/>", undefined],
  ['', undefined],
])('memory is bound to cells: %s', (numatune, cells) => {
  expect(cellsOf(numatune)).toBe(cells)
})

it('vCPUs may be placed beside the memory that they are bound to', async () => {
  const domains = [{ name: 'a', vcpus: [{ affinity: '0' }] }]
  const host = simulate({ pcpus: { sockets: 2, cores: 2 }, domains })
  const domainTraits = host.domainTraits.bind(host)
  host.domainTraits = async (uuid) => ({ ...(await domainTraits(uuid)), memoryCells: CpuSet.of(1) })
  for await (const { view } of autopilot(host, { interval: 1_000, ticks: 1, scheduler: () => [] })) {
    expect(`${view.vcpus[0]!.allowed}`).toBe('2-3')
  }
})
