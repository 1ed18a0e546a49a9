import { wrongOption } from './errors.ts'
import type { Host } from './host.ts'

/** Throws a `TypeError` for what is no host: mostly the promise of one, where a script forgets its `await`. */
export function assertHost(host: Host): void {
  const given: Partial<Host> | null | undefined = host
  if (typeof given?.sampleCpu !== 'function') {
    throw wrongOption('host', 'a host, such as `await connect()` gives', host)
  }
}
