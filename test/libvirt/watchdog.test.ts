import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const threads = "require('node:fs').readdirSync('/proc/self/task').length"

/** Runs `script` in a process of its own, with the addon as `native`; gives what it prints. */
async function output(script: string): Promise<string> {
  const prelude = `const native = require('node-gyp-build')(${JSON.stringify(root)})\n`
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', prelude + script], { cwd: root })
  return stdout.trim()
}

describe('a native watchdog', () => {
  it('has one thread, until it is stopped', async () => {
    const script = `
      const counts = [${threads}]
      const watchdog = native.watch(3_600_000, '')
      counts.push(${threads})
      watchdog.stop()
      // The kernel lists a thread for a moment longer than it runs.
      while (${threads} > counts[0]);
      watchdog.stop()
      watchdog.ping()
      console.log(counts.map((count) => count - counts[0]).join(' '))`
    expect(await output(script)).toBe('0 1')
  })

  it('ends with the worker that started it, and with the process', async () => {
    const script = `
      const { Worker } = require('node:worker_threads')
      const inWorker = ${JSON.stringify(`
        require('node-gyp-build')(${JSON.stringify(root)}).watch(3_600_000, '')
        require('node:worker_threads').parentPort.postMessage('on watch')
        setInterval(() => {}, 1_000)`)}
      const worker = new Worker(inWorker, { eval: true })
      worker.once('message', async () => {
        const during = ${threads}
        await worker.terminate()
        // Its thread and its watchdog's.
        while (${threads} > during - 2);
        native.watch(3_600_000, '')
        console.log('well')
      })`
    expect(await output(script)).toBe('well')
  })
})
