import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { networkInterfaces } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { NatsServer } from '../../support/nats.ts'
import { describeLab } from '../describe-lab.ts'
import { until } from '../processes.ts'
import { NetworkNamespace } from './network-namespace.ts'

/** Whether a program behind a link gets a word from NATS. */
async function reaches({ within }: NetworkNamespace, address: string): Promise<boolean> {
  const script = 'read -r -t 5 line < "/dev/tcp/$1/$2" && test -n "$line"'
  const words = [...within, 'timeout', '5', 'bash', '-c', script, 'bash', ...address.split(':')]
  const [program = '', ...rest] = words
  return promisify(execFile)(program, rest).then(
    () => true,
    () => false,
  )
}

/** Whether this machine has an address on a link that is up. */
const has = (address: string) =>
  Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.address === address)

describeLab('a network namespace', { timeout: 120_000 }, () => {
  it('lets nothing through while it is cut off', async () => {
    await using namespace = await NetworkNamespace.make()
    await using nats = await NatsServer.start({ host: namespace.natsHost })
    expect(await reaches(namespace, nats.address)).toBe(true)
    await namespace.cut(true)
    expect(await reaches(namespace, nats.address)).toBe(false)
    await namespace.cut(false)
    expect(await reaches(namespace, nats.address)).toBe(true)
  })

  it('is gone, with its link, when who made it was killed', async () => {
    const module = fileURLToPath(new URL('network-namespace.ts', import.meta.url))
    const script = `const { NetworkNamespace } = await import(${JSON.stringify(module)})
      console.log((await NetworkNamespace.make()).natsHost)
      setInterval(() => {}, 1_000)`
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const maker = spawn(process.execPath, ['--import', tsx, '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = await once(maker.stdout, 'data')
    const address = String(said).trim()
    expect(has(address)).toBe(true)
    maker.kill('SIGKILL')
    await until('it is gone', 30_000, async () => !has(address))
  })
})
