import { readFile, writeFile } from 'node:fs/promises'
import type { Stage } from '../../test/lab/cases/case.ts'
import { findProgram, missing, startProgram } from './program.ts'

const examples = '/usr/share/doc/mom/examples'

/** Why oVirt's Memory Overcommitment Manager cannot be had here. */
export function momdUnavailable(): string | undefined {
  return missing('momd')
}

/**
 * oVirt's Memory Overcommitment Manager with the configuration and the rules that its package ships, and two settings filled
 * in: the host, and `guest-manager-multi-thread`, without which it does not start (findings/mom-example-config.sh). Its rules
 * read the guests' own figures, for which somebody has to give them a statistics period: it does not.
 */
export async function momd({ lab, host }: Stage): Promise<AsyncDisposable> {
  for (const { uuid } of await host.domains()) await host.setMemoryStatsPeriod(uuid, 5)
  const example = await readFile(`${examples}/mom-balloon.conf`, 'utf8')
  const configuration = `${lab.directory}/mom.conf`
  await writeFile(
    configuration,
    example
      .replace(/^libvirt-hypervisor-uri:.*$/m, `libvirt-hypervisor-uri: ${lab.uri}`)
      .replace(/^guest-manager-multi-thread:.*$/m, 'guest-manager-multi-thread: True')
      .replace(/^policy:.*$/m, `policy: ${examples}/balloon.rules`),
  )
  return startProgram([findProgram('momd')!, '-c', configuration], `${lab.directory}/mom.log`)
}
