// `lock-host URI PLACES keep|end [UID]`: locks a host, as another user where a number is given, and prints `locked` or the
// error. `keep` keeps the process alive, and with it the lock, until it is killed.
import { lockHost } from '../../../lib/control/host-lock/host-lock.ts'

const [uri, places, then, user] = process.argv.slice(2)
if (user) {
  const uid = Number(user)
  process.setgroups?.([uid])
  process.setgid?.(uid)
  process.setuid?.(uid)
}
try {
  await lockHost({ uri: uri! }, { command: 'another' }, JSON.parse(places!))
  console.log('locked')
  if (then === 'keep') setInterval(() => {}, 1_000)
} catch (error) {
  console.log((error as Error).message)
}
