import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeLab } from './describe-lab.ts'
import type { Guest } from './guest.ts'
import { Lab } from './lab.ts'
import { processesIn, signal, until } from './processes.ts'
import { virsh } from './virsh.ts'

const patience = 300_000

/** Fraction of one pCPU that a guest's vCPU would have used over the next while, had it never waited. */
async function demand(guest: Guest): Promise<number> {
  const began = performance.now()
  const [before] = await guest.vcpuTimes()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const [after] = await guest.vcpuTimes()
  const took = (performance.now() - began) * 1e6
  return (after!.run - before!.run) / (took - (after!.delay - before!.delay))
}

/** A field of `virsh dommemstat`, in MiB. */
async function memoryStat(lab: Lab, guest: Guest, field: string): Promise<number> {
  const line = new RegExp(`^${field} (\\d+)$`, 'm').exec(await virsh(lab.uri, 'dommemstat', guest.domain))
  return Number(line?.[1]) / 1024
}

describeLab('the lab', { timeout: patience }, () => {
  let lab: Lab
  let busy: Guest
  let roomy: Guest

  beforeAll(async () => {
    lab = await Lab.up()
    const guests = await lab.startAll([
      { name: 'busy', swapMiB: 64 },
      { name: 'roomy', memoryMiB: 192, maximumMiB: 384 },
    ])
    busy = guests[0]!
    roomy = guests[1]!
  }, patience)

  afterAll(() => lab.down(), patience)

  it('boots guests that answer and that any client sees', async () => {
    expect(await lab.guests()).toEqual(['busy', 'roomy'])
    expect((await virsh(lab.uri, 'list', '--name')).split('\n').sort()).toEqual(['busy', 'roomy'])
    expect((await busy.stat()).swapTotal).toBeGreaterThan(63 * 2 ** 20)
    expect((await roomy.stat()).swapTotal).toBe(0)
    await expect(busy.send('dance 3')).rejects.toThrow('cannot understand')
  })

  it('changes a load while the guest runs, and the host sees it', async () => {
    const [before] = await busy.vcpuTimes()
    await busy.send('spin')
    await until('the vCPU spins', patience, async () => (await demand(busy)) > 0.9)
    await busy.send('idle')
    await until('the vCPU is idle', patience, async () => (await demand(busy)) < 0.1)
    const [after] = await busy.vcpuTimes()
    expect(after!.run).toBeGreaterThan(before!.run)
  })

  it('gives guests a clock that runs as the host’s does', async () => {
    const began = performance.now()
    const first = await busy.stat()
    const answered = performance.now()
    await until('ten seconds have passed', patience, async () => performance.now() - answered > 10_000)
    const asked = performance.now()
    const second = await busy.stat()
    const ended = performance.now()
    const passed = second.clock - first.clock
    expect(passed).toBeGreaterThan(0.98 * (asked - answered))
    expect(passed).toBeLessThan(1.02 * (ended - began))
  })

  it('has balloons that move and report', async () => {
    await virsh(lab.uri, 'dommemstat', roomy.domain, '--period', '1', '--live')
    await until('the guest reports', patience, async () => (await memoryStat(lab, roomy, 'unused')) > 0)
    expect(await memoryStat(lab, roomy, 'actual')).toBe(192)
    const small = (await roomy.stat()).total
    await virsh(lab.uri, 'setmem', roomy.domain, '384M', '--live')
    await until(
      'the balloon has grown',
      patience,
      async () => (await memoryStat(lab, roomy, 'actual')) === 384,
    )
    expect((await roomy.stat()).total - small).toBe(192 * 2 ** 20)
  })

  it('has programs that hold memory and lose it to the OOM killer when squeezed', async () => {
    await roomy.send('mem +100')
    await until('100 MiB are held', patience, async () => (await roomy.stat()).held === 100 * 2 ** 20)
    await roomy.send('mem -40')
    await until('60 MiB are held', patience, async () => (await roomy.stat()).held === 60 * 2 ** 20)
    await roomy.send('grow 100 1')
    await until('the program is dead', patience, async () => (await roomy.stat()).killed === 1)
    expect((await roomy.stat()).oomKills).toBeGreaterThan(0)
  })

  it('leaves nothing behind, nor touches its neighbour', async () => {
    const other = await Lab.up()
    const paused = await other.startAll(['a', 'b', 'c'].map((name) => ({ name, kernel: false })))
    expect(await virsh(other.uri, 'domstate', paused[0]!.domain)).toBe('paused')
    expect(await processesIn(other.directory)).toHaveLength(4)
    await other.down()
    expect(await processesIn(other.directory)).toEqual([])
    expect(existsSync(other.directory)).toBe(false)
    expect(await lab.guests()).toEqual(['busy', 'roomy'])
    expect((await busy.stat()).load).toBe('idle')
  })

  /** A lab in a process of its own, with one guest; gives its directory and the pids that watch over it. */
  async function elsewhere(): Promise<{ directory: string; owner: number; watchdog: number }> {
    const code = `
      const { Lab } = await import(${JSON.stringify(new URL('lab.ts', import.meta.url).href)})
      const lab = await Lab.up()
      await lab.startAll([{ name: 'orphan', kernel: false }])
      console.log(lab.directory)
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [directory] = (await once(createInterface(owner.stdout), 'line')) as [string]
    const children = await readFile(`/proc/${owner.pid}/task/${owner.pid}/children`, 'utf8')
    for (const child of children.trim().split(' ').map(Number)) {
      const command = await readFile(`/proc/${child}/cmdline`, 'utf8')
      if (command.startsWith('sh\0')) return { directory, owner: owner.pid!, watchdog: child }
    }
    throw new Error('Nothing watches over the lab')
  }

  it('goes when its process is killed', async () => {
    const { directory, owner } = await elsewhere()
    expect(await processesIn(directory)).toHaveLength(2)
    signal(owner, 'SIGKILL')
    await until('the lab is gone', patience, async () => !existsSync(directory))
    expect(await processesIn(directory)).toEqual([])
  })

  it('is taken away by the next one when everything that watched over it was killed', async () => {
    const { directory, owner, watchdog } = await elsewhere()
    signal(watchdog, 'SIGKILL')
    signal(owner, 'SIGKILL')
    await until('the owner is gone', patience, async () => !existsSync(`/proc/${owner}/exe`))
    expect(await processesIn(directory)).toHaveLength(2)
    await using next = await Lab.up()
    expect(next.directory).not.toBe(directory)
    expect(existsSync(directory)).toBe(false)
    expect(await processesIn(directory)).toEqual([])
  })
})
