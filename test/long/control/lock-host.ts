// `lock-host URI PLACES keep|end|on-go [UID]`: locks a host, as another user where a number is given, and prints `locked` or
// the error. `keep` keeps the process alive, and with it the lock, until it is killed. `on-go` does so too, and prints `ready`
// and does it at the moment (milliseconds since the epoch) that it reads from its standard input.
import { once } from 'node:events'
import { loadNative } from '../../../lib/addon/load-native.ts'
import { lockHost } from '../../../lib/control/host-lock/host-lock.ts'

const [uri, places, then, user] = process.argv.slice(2)
if (user) {
  const uid = Number(user)
  process.setgroups?.([uid])
  process.setgid?.(uid)
  process.setuid?.(uid)
}
if (then === 'on-go') {
  loadNative()
  console.log('ready')
  const [text] = await once(process.stdin, 'data')
  process.stdin.destroy()
  while (Date.now() < Number(text));
}
try {
  await lockHost({ uri: uri! }, { command: 'another' }, JSON.parse(places!))
  console.log('locked')
  if (then !== 'end') setInterval(() => {}, 1_000)
} catch (error) {
  console.log((error as Error).message)
}
