import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One domain of a {@link TestNode}. */
export interface TestDomain {
  readonly name: string
  readonly vcpus?: number
  readonly memoryKiB?: number
  readonly currentMemoryKiB?: number
  /** CPU list by vCPU number: the affinity that it starts with. */
  readonly pins?: Readonly<Record<number, string>>
  /** XML in `<metadata>`. */
  readonly metadata?: string
  /** More elements of the domain. */
  readonly elements?: string
}

/** A host for libvirt's test driver, which keeps it in this process: a fresh one for each connection. */
export interface TestNode {
  readonly uri: string
  remove(): void
}

/** Makes a host of so many pCPUs and 128 GiB with these domains, all running, and the URI to open it by. */
export function testNode(pcpus: number, domains: readonly TestDomain[]): TestNode {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-node-'))
  const path = join(directory, 'node.xml')
  writeFileSync(
    path,
    `<node>
  <cpu>
    <mhz>2000</mhz><model>x86_64</model><active>${pcpus}</active>
    <nodes>1</nodes><sockets>1</sockets><cores>${pcpus}</cores><threads>1</threads>
  </cpu>
  <memory>${128 * 1024 * 1024}</memory>
  ${domains.map(domainXml).join('\n')}
</node>`,
  )
  return { uri: `test://${path}`, remove: () => rmSync(directory, { recursive: true }) }
}

/** A domain of libvirt's test driver. */
export function domainXml({
  name,
  vcpus = 1,
  memoryKiB = 524_288,
  currentMemoryKiB,
  pins = {},
  metadata = '',
  elements = '',
}: TestDomain): string {
  const tuned = Object.entries(pins).map(([vcpu, cpus]) => `<vcpupin vcpu='${vcpu}' cpuset='${cpus}'/>`)
  return `<domain type='test'>
    <name>${name}</name><os><type>hvm</type></os><vcpu>${vcpus}</vcpu>
    <memory>${memoryKiB}</memory><currentMemory>${currentMemoryKiB ?? memoryKiB}</currentMemory>
    <metadata>${metadata}</metadata>
    <cputune>${tuned.join('')}</cputune>
    ${elements}
  </domain>`
}
