import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runChild } from './child.ts'
import type { Usage } from './children/usage.ts'
import { hasDaemon, startTestDaemon, type TestDaemon } from './test-daemon.ts'

let daemon: TestDaemon | undefined
beforeAll(async () => {
  if (hasDaemon) daemon = await startTestDaemon()
})
afterAll(() => daemon?.remove())

/** Hosts in this process and, where there can be one, behind a daemon. */
const hosts = hasDaemon ? ['test:///default', 'a daemon'] : ['test:///default']
const uriOf = (name: string) => (name === 'a daemon' ? daemon!.uri : name)

/** Runs a child that prints JSON and nothing else. */
async function measure<T>(program: string, ...args: string[]): Promise<T> {
  const { code, signal, stdout, stderr } = await runChild(program, args)
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout) as T
}

/** The heap and the allocator's arenas go up and down: what stays is what was held all the time. */
const leastMemory = (usages: readonly Usage[]) => Math.min(...usages.map(({ memoryKiB }) => memoryKiB))

describe.concurrent.each(hosts)('a process on %s', (name) => {
  it.each(['closed', 'closing', 'forgotten', 'forgotten, calls under way', 'exit, calls under way'])(
    'ends by itself and well: %s',
    async (how) => {
      // What goes wrong here goes wrong by chance.
      for (let turn = 0; turn < 10; turn++) {
        expect(await runChild('exit', [uriOf(name), how])).toEqual({
          code: 0,
          signal: null,
          stdout: '',
          stderr: '',
        })
      }
    },
  )

  it('ends by an exception as any other: calls under way', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const { code, signal, stderr } = await runChild('exit', [uriOf(name), 'exception, calls under way'])
      expect({ code, signal }).toEqual({ code: 1, signal: null })
      expect(stderr).toContain('Error: on purpose')
    }
  })

  it('hears nothing of libvirt on its output, whatever fails', async () => {
    expect(await runChild('quiet', [uriOf(name)])).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
  })

  it('holds no more the more connections were closed or forgotten', async () => {
    // A connection to the test driver weighs little, so many of them are left; one to a daemon tens of kilobytes.
    const count = name === 'a daemon' ? 1_600 : 4_800
    const { before, after, atRest } = await measure<{ before: Usage; after: Usage[]; atRest: Usage }>(
      'connections',
      uriOf(name),
      `${count}`,
    )
    expect(after).toHaveLength(16)
    expect(after.map(({ files }) => files)).toEqual(Array(16).fill(before.files))
    // The first quarter is Node's: it compiles what runs often, once, which takes it up to 4 MiB. A leak goes on.
    const [earlier, later] = [after.slice(4, 10), after.slice(10)]
    expect(leastMemory(later) - leastMemory(earlier)).toBeLessThan(3 * 1024)
    expect(atRest.threads).toBeLessThanOrEqual(after[0]!.threads)
  }, 300_000)

  it('lets a worker be terminated in the middle of calls, twenty times', async ({ onTestFinished }) => {
    // A daemon of its own, which can be frozen.
    const frozen = name === 'a daemon' ? await startTestDaemon() : undefined
    onTestFinished(() => frozen?.remove())
    const { before, after, atRest } = await measure<{ before: Usage; after: Usage[]; atRest: Usage }>(
      'workers',
      'test:///default',
      ...(frozen ? [frozen.uri, `${frozen.pid}`] : []),
    )
    expect(after).toHaveLength(20)
    // The threads of twenty terminated workers are gone; those that stay, workers.ts explains.
    expect(atRest.threads).toBeLessThanOrEqual(before.threads + 5)
    // Event loop and libvirt keep a few descriptors; a connection that leaked would be one or more a round.
    expect(atRest.files).toBeLessThan(before.files + 10)
    // A worker that leaked would keep its heap, 4 MiB at the least: ten rounds of them would be twice this.
    expect(after.at(-1)!.memoryKiB - after[9]!.memoryKiB).toBeLessThan(20 * 1024)
  })
})

it('holds as much after 10,000 samples as after 2,000', async () => {
  const after = await measure<Usage[]>('samples', 'test:///default')
  expect(after).toHaveLength(10)
  // What one sample hands over takes some 3 KiB; a leak of 256 bytes a sample would be this much.
  expect(after[9]!.memoryKiB - after[1]!.memoryKiB).toBeLessThan(2 * 1024)
  expect(after[9]!.threads).toBeLessThanOrEqual(after[1]!.threads)
  expect(after[9]!.files).toBe(after[1]!.files)
})
