import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ExitCode, exitCodesHelp, exitFor } from '../../../lib/cli/exit-codes.ts'
import { BallastError, type ErrorCode } from '../../../lib/host/errors.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')

/** Every code: the compiler asks for those that are missing here. */
const codes: Record<ErrorCode, true> = {
  ERR_ADDON_MISSING: true,
  ERR_ALREADY_CLOSED: true,
  ERR_CONNECTION_FAILED: true,
  ERR_CONNECTION_LOST: true,
  ERR_DISCONNECTED: true,
  ERR_PERMISSION_DENIED: true,
  ERR_NO_DOMAIN: true,
  ERR_DOMAIN_NOT_RUNNING: true,
  ERR_DOMAIN_BUSY: true,
  ERR_TIMEOUT: true,
  ERR_NOT_SUPPORTED: true,
  ERR_NO_PCPU: true,
  ERR_PCPU_UNUSABLE: true,
  ERR_INVALID_ARGUMENT: true,
  ERR_LIBVIRT: true,
  ERR_POLICY: true,
  ERR_LATE: true,
  ERR_INSUFFICIENT_MEMORY: true,
  ERR_JOURNAL: true,
  ERR_RECORDING: true,
  ERR_SCENARIO: true,
  ERR_LISTEN: true,
  ERR_LOCKED: true,
  ERR_MIGRATION: true,
  ERR_MIGRATION_ABORTED: true,
  ERR_MIGRATION_UNKNOWN: true,
  ERR_FLEET_BUS: true,
  ERR_ORDER_REFUSED: true,
  ERR_FLEET_JETSTREAM: true,
  ERR_FLEET_PERMISSION: true,
  ERR_FLEET_DUPLICATE: true,
  ERR_FLEET_VERSION: true,
}

/** The cells of the rows of the table under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  return [...(section ?? '').matchAll(/^\| `.*$/gm)].map(([row]) => {
    return row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim())
  })
}

describe('docs/errors.md', () => {
  it('has every error code with its cause and cure, and no other', () => {
    const rows = rowsUnder('Error codes')
    expect(rows.map(([code]) => code).sort()).toEqual(
      Object.keys(codes)
        .map((code) => `\`${code}\``)
        .sort(),
    )
    for (const row of rows) {
      expect(row).toHaveLength(4)
      expect(row).not.toContain('')
    }
  })

  it('has the exit code of each', () => {
    for (const [code, , , exit] of rowsUnder('Error codes')) {
      const error = new BallastError(code!.replaceAll('`', '') as ErrorCode, 'any')
      expect(Number.parseInt(exit!, 10), code).toBe(exitFor(error).code)
    }
  })

  it('has every code that is thrown anywhere', () => {
    const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    const sources = files
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, 'lib', name), 'utf8'))
    const used = new Set(sources.join('').match(/\bERR_[A-Z_]+\b/g))
    expect([...used].sort()).toEqual(Object.keys(codes).sort())
  })

  it('has every exit code, as the help has', () => {
    const inHelp = [...exitCodesHelp.matchAll(/^ *(\d+) {2}?/gm)].map(([, code]) => Number(code))
    const onPage = rowsUnder('Exit codes').map(([code]) => Number(code!.replaceAll('`', '')))
    expect(onPage).toEqual(inHelp)
    for (const code of Object.values(ExitCode)) expect(onPage).toContain(code)
  })
})
