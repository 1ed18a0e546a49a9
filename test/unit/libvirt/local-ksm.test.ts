import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LocalKsmFiles } from '../../../lib/libvirt/local-ksm.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-ksm-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(files: Readonly<Record<string, string>>): LocalKsmFiles {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return new LocalKsmFiles(folder)
}
const get = (name: string) => readFileSync(join(folder, name), 'utf8').trim()

const rate = { pagesToScan: 100, sleep: 20 }
const stopped = { running: false, canSwitch: true, advisor: undefined }

describe('the files of KSM', () => {
  it.each([
    ['0\n', false],
    ['1\n', true],
    ['2\n', false],
  ])('tell whether it runs: %j', async (run, running) => {
    expect(await put({ run }).read()).toEqual({ running, canSwitch: true, advisor: undefined })
  })

  it.each([
    ['[none] scan-time\n', undefined],
    ['none [scan-time]\n', 'scan-time'],
  ])('tell of the advisor: %j', async (advisor_mode, advisor) => {
    expect((await put({ run: '1', advisor_mode }).read())?.advisor).toBe(advisor)
  })

  it('are not there where the kernel has none', async () => {
    expect(await new LocalKsmFiles(join(folder, 'none')).read()).toBeUndefined()
  })

  it('are written where they differ, and nowhere else', async () => {
    const files = put({ run: '0', pages_to_scan: 'untouched', sleep_millisecs: 'untouched' })
    await files.write({ running: true, pagesToScan: 300, sleep: 20 }, { ...rate, ...stopped })
    expect([get('run'), get('pages_to_scan'), get('sleep_millisecs')]).toEqual(['1', '300', 'untouched'])
  })

  it('have their pace left to an advisor', async () => {
    const files = put({ run: '0', pages_to_scan: 'untouched' })
    const seen = { ...rate, ...stopped, advisor: 'scan-time' }
    await files.write({ running: true, pagesToScan: 300, sleep: 20 }, seen)
    expect([get('run'), get('pages_to_scan')]).toEqual(['1', 'untouched'])
  })

  it('that cannot be written are an error that names them', async () => {
    const files = new LocalKsmFiles(join(folder, 'none'))
    await expect(files.write({ ...rate, running: true }, { ...rate, ...stopped })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('none/run'),
    })
  })
})
