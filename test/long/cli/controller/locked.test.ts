import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { ballast } from '../../../unit/cli/test-context.ts'

const script = `${inject('compiled')}/test/unit/cli/simulated.js`
const directory = mkdtempSync(join(tmpdir(), 'ballast-locked-'))
mkdirSync(join(directory, 'shared'), { mode: 0o700 })
afterAll(() => rmSync(directory, { recursive: true }))

let uri: string
let hosts = 0
beforeEach(() => {
  uri = `qemu://locked-${hosts++}/system`
})

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

function start(...args: string[]) {
  return startAs('', ...args)
}

/** The command line in a process of its own, as the user with the number `uid` if it is not empty. */
function startAs(uid: string, ...args: string[]) {
  const env = {
    ...process.env,
    TEST_HOST: 'works',
    TEST_URI: uri,
    TEST_UID: uid,
    TEST_LOCKS: directory,
    XDG_STATE_HOME: directory,
  }
  const child = spawn(process.execPath, [script, ...args], { env })
  running.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  return {
    child,
    output,
    ended: once(child, 'close').then(([code]) => code as number | null),
    /** Resolves when it has shown as many ticks. */
    async ticks(count = 1) {
      while (output.stdout.split('\n').length <= count) await once(child.stdout, 'data')
    },
  }
}

async function run(...args: string[]) {
  const { ended, output } = start(...args)
  return { code: await ended, ...output }
}

describe('a second controller', () => {
  it('is told who holds the host, and stops with exit code 5', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    for (const args of [['run'], ['cpu'], ['memory'], ['restore']]) {
      const { code, stdout, stderr } = await run(...args)
      expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
      expect(stderr).toMatch(
        new RegExp(
          `^ballast: .* ${uri} is locked by pid ${first.child.pid} \\(\\S+\\) since .*Z: ballast run; stop that controller first.*\\n$`,
        ),
      )
    }
    expect(first.child.exitCode).toBeNull()
  })

  it('serves no page: its address is not told before the host is its own', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    const { code, stderr } = await run('run', '--serve', '0')
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: expect.stringMatching(/^ballast: .* is locked by .*\n$/),
    })
  })

  it('may look, and say what it would do', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    expect(await run('monitor', '1', '-n', '1')).toMatchObject({ code: 0 })
    expect(await run('run', '1', '-n', '1', '--dry-run')).toMatchObject({ code: 0 })
  })

  it('may have what the first does not', async () => {
    const first = start('cpu', '1', '--json')
    await first.ticks()
    expect(await run('memory', '1', '-n', '1')).toMatchObject({ code: 0 })
    expect(await run('run', '1', '-n', '1')).toMatchObject({ code: 5 })
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)('works when the first has ended by %s', async (signal) => {
    const first = start('run', '1', '--json')
    await first.ticks()
    first.child.kill(signal)
    await first.ended
    expect(await run('run', '1', '-n', '1')).toMatchObject({ code: 0 })
  })

  it('is stopped too by one that is stopped itself', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    first.child.kill('SIGSTOP')
    const { code, stderr } = await run('run')
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: expect.stringContaining(`is locked by pid ${first.child.pid} `),
    })
  })

  it.runIf(process.getuid?.() === 0)('is stopped too by one of another user', async () => {
    const theirs = mkdtempSync(join(directory, 'theirs-'))
    chmodSync(directory, 0o755)
    chownSync(join(directory, 'shared'), 0, 65534)
    chmodSync(join(directory, 'shared'), 0o3770)
    chownSync(theirs, 65534, 65534)
    const journal = join(theirs, 'journal')
    const first = startAs('65534', 'cpu', '1', '--json', '--journal', journal)
    await first.ticks(3)
    expect(await run('cpu')).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/\((nobody|uid 65534)\)/),
    })
    const ours = start('memory', '1', '--json')
    await ours.ticks()
    const other = startAs('65534', 'memory')
    expect(await other.ended).toBe(5)
    expect(other.output.stderr).toContain(`pid ${ours.child.pid} `)
  })
})

describe('a controller that hangs', () => {
  it('is shown by status, and given up by what asks it', async () => {
    const first = start('run', '1', '--json')
    await first.ticks()
    first.child.kill('SIGSTOP')
    const who = `pid ${first.child.pid} `
    const [status, ...asked] = await Promise.all([
      run('status'),
      run('why', 'guest0', '-c', uri),
      run('history', '-c', uri),
    ])
    // What status shows is in files.
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(`vcpus: ${who}`), stderr: '' })
    for (const { code, stdout, stderr } of asked) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(
        new RegExp(
          `^ballast: The controller ${who}.* has not answered for 10 s: it hangs, or is overloaded\\n$`,
        ),
      )
    }
  })
})

describe('ballast status', () => {
  it('says who is at work, since when, with which policies, and what is in its journal', async () => {
    const journal = join(directory, 'status.jsonl')
    const first = start('cpu', '1', '--scheduler', 'fair', '--json', '--journal', journal)
    await first.ticks(3)
    const { code, stdout, stderr } = await run('status')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [host, vcpus, memory, counts, ...settings] = stdout.trimEnd().split('\n')
    expect(host).toBe(`host: ${uri}`)
    expect(vcpus).toMatch(
      new RegExp(`^vcpus: pid ${first.child.pid} \\(.+\\) since 20.*Z: ballast cpu \\(policies: fair\\)$`),
    )
    expect(memory).toBe('memory: free')
    expect(counts).toBe(`journal ${journal}: pin: ${settings.length}`)
    expect(settings.length).toBeGreaterThan(0)
    for (const setting of settings) expect(setting).toMatch(/^ {2}pin of guest\d vCPU 0: was 0$/)
    const json = JSON.parse((await run('status', '--json')).stdout)
    expect(json).toMatchObject({
      host: uri,
      locks: [
        { resource: 'vcpus', locked: true, owner: { pid: first.child.pid, policies: ['fair'], journal } },
        { resource: 'memory', locked: false },
      ],
      journals: [{ path: journal }],
    })
    expect(json.journals[0].entries).toHaveLength(settings.length)
  })

  it('says what a crashed one has left, then that nothing is left', async () => {
    const first = start('cpu', '1', '--json')
    await first.ticks(3)
    first.child.kill('SIGKILL')
    await first.ended
    const { code, stdout } = await run('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^vcpus: free\nmemory: free\njournal .*: pin: \d+\n/m)
    expect(stdout).toMatch(/"ballast restore" restores what is in the journal\n$/)
    expect(await run('restore')).toMatchObject({ code: 0 })
    expect((await run('status')).stdout).toBe(
      `host: ${uri}\nvcpus: free\nmemory: free\nthere is nothing to restore\n`,
    )
  })

  it('shows nothing of a name that a terminal would act upon', async () => {
    const journal = join(directory, 'names.jsonl')
    const id = { wallTime: 1, uuid: 'u', name: 'web\x1b[2J\nx', id: 1 }
    await fileJournal(journal).record([{ ...id, kind: 'memory', original: 2 ** 29 }])
    const { code, stdout } = await ballast(['status', '--journal', journal], async () =>
      simulate(scenarios.A3()),
    )
    expect(code).toBe(0)
    expect(stdout).toContain('\n  balloon size of web\\x1b[2J\\x0ax: was 512 MiB\n')
  })

  it('ends with 1 and the reason when others could write the journal', async () => {
    const journal = join(directory, 'open.jsonl')
    await fileJournal(journal).record([
      { wallTime: 1, uuid: 'u', name: 'a', id: 1, kind: 'memory', original: 1 },
    ])
    chmodSync(journal, 0o666)
    for (const args of [['status'], ['restore'], ['cpu', '1', '-n', '3']]) {
      const host = simulate(scenarios.A1())
      const { code, stderr } = await ballast([...args, '--journal', journal], async () => host)
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('chmod go-w') })
    }
  })
})
