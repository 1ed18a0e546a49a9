import type { Host } from '../lib/host/host.ts'
import type * as connecting from '../lib/libvirt/connect.ts'
import { answerWith } from './baseline.ts'

/** What a build samples: see {@link PassName}. */
export type SampledPass = 'cpuProc' | 'cpuLibvirt' | 'full'

/** A pass over the domains of a host. */
export interface Question {
  readonly uri: string
  readonly pass: SampledPass
  readonly domains: number
  /** How often it is made: short ones several times. */
  readonly times: number
}

/** Milliseconds that one pass took. */
export type Answer = number

/** On a slow machine a late answer is measured rather than given up. */
const patient = { callDeadline: 60_000, memoryDeadline: 30_000 }

// Without anything else of this build: the baseline has no file of what came later.
const { connect } = (await import(`${process.argv[2]}libvirt/connect.ts`)) as typeof connecting
const hosts = new Map<string, Promise<Host>>()

function hostOf(uri: string, cpuSource: 'auto' | 'libvirt'): Promise<Host> {
  const key = `${cpuSource} ${uri}`
  const host = hosts.get(key) ?? connect(uri, { ...patient, cpuSource })
  hosts.set(key, host)
  return host
}

async function make(pass: SampledPass, host: Host, domains: number): Promise<void> {
  const samples = await Promise.all([host.sampleCpu(), ...(pass === 'full' ? [host.sampleMemory()] : [])])
  for (const sample of samples) {
    if (sample.domains.length !== domains)
      throw new Error(`A sample has ${sample.domains.length} of ${domains} domains`)
  }
}

answerWith(async ({ uri, pass, domains, times }: Question): Promise<Answer> => {
  const host = await hostOf(uri, pass === 'cpuLibvirt' ? 'libvirt' : 'auto')
  const begun = performance.now()
  for (let i = 0; i < times; i++) await make(pass, host, domains)
  return (performance.now() - begun) / times
})
