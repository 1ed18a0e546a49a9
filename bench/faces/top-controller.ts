import { Followers } from '../../lib/cli/recent/followers.ts'
import { questionVersion } from '../../lib/cli/recent/protocol.ts'
import { serveRecent } from '../../lib/cli/recent/serve.ts'
import { lockHost } from '../../lib/control/host-lock/host-lock.ts'
import { RecentTicks } from '../../lib/recording/recent-ticks.ts'
import { largeTicks } from './large-ticks.ts'

/**
 * Stands in for a controller, as a process of its own: tells a Tick of a large host each second to those who follow it.
 * `node top-controller.ts URI`; writes a line when it is ready.
 */
const [uri = ''] = process.argv.slice(2)
/** Told again and again. */
const ticks = largeTicks(20)
const lock = await lockHost({ uri }, { command: 'ballast bench' })
if (lock.socketPath === undefined) throw new Error(`${uri} has no socket`)
const followers = new Followers()
await serveRecent(lock.socketPath, { recent: new RecentTicks(), followers }, console.error)
lock.answers(questionVersion)
let index = 0
const tell = () => {
  followers.observe({ ...ticks[index % ticks.length]!, index, wallTime: Date.now() })
  index++
}
tell()
setInterval(tell, 1_000)
console.log('ready')
