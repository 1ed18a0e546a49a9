import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { ballast } from './test-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-status-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('ballast status of a host that cannot be reached', () => {
  const status = (...args: string[]) =>
    ballast(
      ['status', '-c', 'qemu://me:secret@nowhere/system', ...args],
      async () => {
        throw new BallastError('ERR_CONNECTION_FAILED', 'nobody listens there')
      },
      { XDG_STATE_HOME: directory },
    )

  it('claims nothing of it, and ends as other commands do', async () => {
    expect(await status()).toEqual({
      code: 3,
      stdout:
        'host: qemu://me@nowhere/system\nvcpus: not known\nmemory: not known\n' +
        'whether there is anything to restore is not known\n',
      stderr: 'ballast: nobody listens there\n',
    })
    const json = await status('--json')
    expect(json).toMatchObject({ code: 3, stderr: 'ballast: nobody listens there\n' })
    expect(JSON.parse(json.stdout)).toMatchObject({
      host: 'qemu://me@nowhere/system',
      locks: [
        { resource: 'vcpus', locked: null },
        { resource: 'memory', locked: null },
      ],
    })
  })

  it('shows the journal that is there all the same', async () => {
    const journal = join(directory, 'left.jsonl')
    const entry = { wallTime: 1, uuid: 'u', name: 'web', id: 1, kind: 'memory', original: 2 ** 29 } as const
    await fileJournal(journal).record([entry])
    const { code, stdout } = await status('--journal', journal)
    expect(code).toBe(3)
    expect(stdout).toContain(
      '  balloon size of web: was 512 MiB\n"ballast restore" restores what is in the journal\n',
    )
  })
})
