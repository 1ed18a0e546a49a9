import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

function example(name: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const node = [`${inject('compiled')}/examples/${name}.js`, ...args]
    execFile(process.execPath, node, { cwd: root, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

describe('the examples', () => {
  it('are short enough to be read whole, and import the package as its users do', () => {
    const names = readdirSync(`${root}/examples`).filter((name) => name !== 'demo.ts')
    expect(names).toEqual([
      'classic-lines.ts',
      'custom-policy.ts',
      'memory-coordinator.ts',
      'monitor.ts',
      'vcpu-scheduler.ts',
    ])
    for (const name of names) {
      const text = readFileSync(`${root}/examples/${name}`, 'utf8')
      expect(text.split('\n').length, name).toBeLessThanOrEqual(50)
      expect(text, name).toContain("from 'ballast'")
      expect(text, name).not.toContain("from '../lib")
    }
  })

  it.each(['vcpu-scheduler', 'memory-coordinator', 'monitor'])(
    '%s refuses a wrong interval in one line',
    async (name) => {
      const endings = await Promise.all([example(name, '0'), example(name, 'abc'), example(name)])
      for (const { code, stdout, stderr } of endings) {
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toMatch(
          new RegExp(`^${name}: expected one argument, the interval in seconds[^\\n]*\\n$`),
        )
      }
    },
  )

  it('custom-policy keeps every guest off pCPU 0', async () => {
    const { code, stdout } = await example('custom-policy')
    expect(code).toBe(0)
    expect(stdout.match(/pin guest\d vCPU 0 to pCPU 1-3: pCPU 0 is the host's/g)).toHaveLength(8)
  })
})

describe('the demo', () => {
  it('shows every tick of A1 and M1 and ends with both verdicts right', async () => {
    const { code, stdout } = await example('demo', '--fast')
    expect(stdout).toMatch(/^As it should be: .* 6 moves \(fewest possible: 6\)/m)
    expect(stdout).toMatch(/^As it should be: .*no guest was harmed$/m)
    expect(stdout.match(/^tick \d+ .* 8 guests on 4 pCPUs/gm)?.length).toBeGreaterThanOrEqual(20)
    expect(stdout.match(/^tick \d+ .* 4 guests on 4 pCPUs/gm)?.length).toBeGreaterThanOrEqual(60)
    expect(code).toBe(0)
  })
})
