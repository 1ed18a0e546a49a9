import { readFile } from 'node:fs/promises'
import { BallastError } from '../../host/errors.ts'
import type { NatsTls } from './nats-options.ts'

const kinds = [
  ['ca', 'certificate', /-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----/],
  ['cert', 'certificate', /-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----/],
  ['key', 'key', /-----BEGIN ([A-Z0-9 ]+ )?PRIVATE KEY-----/],
] as const

/** Rejects where one of the files cannot be read, or has not what it is for: NATS's client says neither which nor why. */
export async function checkTlsFiles(tls: NatsTls): Promise<void> {
  for (const [option, kind, pattern] of kinds) {
    const path = tls[option]
    if (path === undefined) continue
    const text = await readFile(path, 'utf8').catch((error) => {
      throw problem(`Cannot read the ${kind} for TLS in ${path}: ${error.message}`, error)
    })
    if (!pattern.test(text)) throw problem(`${path} has no ${kind} in PEM for \`${option}\` of TLS`)
  }
}

function problem(message: string, cause?: unknown): BallastError {
  return new BallastError('ERR_FLEET_BUS', message, { cause })
}
