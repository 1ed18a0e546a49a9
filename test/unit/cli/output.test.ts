import { spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'ballast-output-'))
const file = join(directory, 'out')

afterAll(() => rmSync(directory, { recursive: true }))

/** Runs `ballast schema` in a shell whose files may grow to `limit` KiB, with its stdout in a file. */
function schema(limit: string, out: string) {
  const script = `ulimit -f ${limit}; trap '' XFSZ; exec "$0" --import tsx "$1" schema`
  const stdout = openSync(out, 'w')
  return spawnSync('bash', ['-c', script, process.execPath, program], {
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
  })
}

describe('output that cannot be written', () => {
  // Beside other tests on a busy machine the program takes its time to start.
  test('all of it is there, or it is a failure', { timeout: 60_000 }, () => {
    expect(schema('unlimited', file)).toMatchObject({ status: 0, stderr: '' })
    expect(() => JSON.parse(readFileSync(file, 'utf8'))).not.toThrow()
  })

  test.each([
    // A part of what was written fits.
    ['4', file, 'EFBIG: file too large, write'],
    ['unlimited', '/dev/full', 'ENOSPC: no space left on device, write'],
  ])('limit %s KiB, %s', { timeout: 60_000 }, (limit, out, why) => {
    expect(schema(limit, out)).toMatchObject({
      status: 1,
      stderr: `ballast: cannot write all of the output: ${why}\n`,
    })
  })
})
