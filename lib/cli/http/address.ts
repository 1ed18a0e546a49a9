import { isAbsolute, resolve } from 'node:path'
import { UsageError } from '../exit-codes.ts'

/** Where something is served. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Bytes of the longest path that a Unix socket can have, on Linux. */
const longestPath = 107

const highestPort = 65_535

/** `[HOST:]PORT` or `unix:PATH`. Without a host it is this machine's loopback address. */
export function parseListenAddress(option: string): (text: string) => ListenAddress {
  return (text) => {
    const wrong = () =>
      new UsageError(
        `${option} must be a port such as 9177, HOST:PORT such as 0.0.0.0:9177 or [::1]:9177, or unix:PATH; got ${JSON.stringify(text)}`,
      )
    if (text.startsWith('unix:')) {
      const path = text.slice('unix:'.length)
      if (path.trim() === '' || path.includes('\0')) throw wrong()
      if (Buffer.byteLength(path) > longestPath) {
        throw new UsageError(
          `${option} must be a path of at most ${longestPath} bytes; got ${JSON.stringify(path)}`,
        )
      }
      return { kind: 'unix', path }
    }
    const [, inBrackets, name, digits] = /^(?:(?:\[([\da-f:.]+)\]|([^\s:/[\]]+)):)?(\d+)$/i.exec(text) ?? []
    if (digits === undefined) throw wrong()
    const port = Number(digits)
    if (port <= highestPort && digits.length > 5) throw wrong()
    if (port > highestPort) {
      throw new UsageError(
        `${option} must have a port of at most ${highestPort}; got ${JSON.stringify(text)}`,
      )
    }
    return { kind: 'tcp', host: inBrackets ?? name ?? '127.0.0.1', port }
  }
}

/** The same for a file: a service has no directory that a path could be relative to. */
export function parseAbsoluteListenAddress(option: string): (text: string) => ListenAddress {
  return (text) => {
    const address = parseListenAddress(option)(text)
    if (address.kind === 'unix' && !isAbsolute(address.path)) {
      throw new UsageError(`${option} must be a path that begins with /; got ${JSON.stringify(address.path)}`)
    }
    return address
  }
}

/** Addresses that take a port from all others of the machine. */
const wildcards = new Set(['0.0.0.0', '::'])

/** Whether only one of two servers can have these addresses. */
export function isSameAddress(a: ListenAddress, b: ListenAddress): boolean {
  if (a.kind === 'unix') return b.kind === 'unix' && resolve(a.path) === resolve(b.path)
  // Port 0 is another one each time.
  if (b.kind === 'unix' || a.port !== b.port || a.port === 0) return false
  return a.host === b.host || wildcards.has(a.host) || wildcards.has(b.host)
}

/** An address as it is written. */
export function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const { host, port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
