import { existsSync } from 'node:fs'
import { chmod, lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { dirname } from 'node:path'
import { BallastError } from '../../host/errors.ts'
import { addressText, type ListenAddress } from './address.ts'

/** Mode of a Unix socket: whoever may write to it may read what is served. */
const socketMode = 0o660

/** What the kernel says, in words; `%` is the port. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it, or choose another address',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not; ports below 1024 and some directories are for root alone',
  EPERM: 'this user may not',
  ENOENT: 'there is no such directory',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be resolved now',
  EAFNOSUPPORT: 'this kind of address is not allowed here (RestrictAddressFamilies= of a systemd unit)',
}

/**
 * Has `server` listen at `address`, and gives the address that it has: with port 0 the kernel has chosen one. A socket file that
 * a crashed run left is replaced. `what` is served, for messages. Rejects with `ERR_LISTEN`.
 */
export async function listen(server: Server, address: ListenAddress, what: string): Promise<ListenAddress> {
  try {
    if (address.kind === 'tcp') {
      const { host, port } = address
      await begun(server, () => server.listen({ host, port }))
      return { kind: 'tcp', host, port: (server.address() as AddressInfo).port }
    }
    await removeStale(address.path)
    await begun(server, () => server.listen(address.path))
    await chmod(address.path, socketMode)
    return address
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    // Of a directory that is not there Node says EACCES.
    const isNowhere = address.kind === 'unix' && !existsSync(dirname(address.path))
    const isFile = address.kind === 'unix' && code === 'EADDRINUSE' && !(await isSocket(address.path))
    const why = isFile ? 'there is a file of this name' : (reasons[isNowhere ? 'ENOENT' : code] ?? message)
    throw new BallastError('ERR_LISTEN', `Cannot serve ${what} at ${addressText(address)}: ${why}`, {
      cause: error,
    })
  }
}

function begun(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}

async function isSocket(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSocket(),
    () => false,
  )
}

/** Removes a socket that nothing listens on. What is no socket stays, and is in the way. */
async function removeStale(path: string): Promise<void> {
  if (!(await isSocket(path))) return
  const isStale = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => resolve(false))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
    socket.on('connect', () => socket.destroy())
  })
  if (isStale) await unlink(path)
}
