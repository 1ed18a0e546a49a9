import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from './child.ts'

/** Part of a core that serving may take. */
export const serverLimit = 0.02
const readers = 20
/** Milliseconds. */
const period = 30_000
const warmUp = 20_000

export interface ServerFigures {
  readonly passed: boolean
  readonly readers: number
  readonly stuck: 1
  readonly limit: number
  /** Parts of a core: with all readers, with none, and of the same program without a page. */
  readonly served: number
  readonly alone: number
  readonly bare: number
  /** Events that the reader got that got fewest, but for the one that is stuck. */
  readonly leastTicks: number
}

/** What it costs to serve a Tick a second to 20 readers, one of whom reads nothing. */
export async function measureServer(log: (line: string) => void): Promise<ServerFigures> {
  using bareChild = await startChild('--no-page')
  using child = await startChild()
  await sleep(warmUp)
  log('the server: without readers')
  const [bare, alone] = await Promise.all([bareChild.load(period), child.load(period)])
  const counts = new Array<number>(readers - 1).fill(0)
  const sockets = counts.map((_, reader) =>
    reading(child.url, (text) => {
      counts[reader]! += text.split('data: {"tick"').length - 1
    }),
  )
  sockets.push(reading(child.url))
  await sleep(warmUp)
  log(`the server: ${readers} readers, one of them stuck`)
  counts.fill(0)
  const served = await child.load(period)
  const leastTicks = Math.min(...counts)
  for (const socket of sockets) socket.destroy()
  const passed = served - bare <= serverLimit && leastTicks >= period / 1_000 - 2
  return { passed, readers, stuck: 1, limit: serverLimit, served, alone, bare, leastTicks }
}

/** A connection that asks for events; without `take` it reads none. */
function reading(url: string, take?: (text: string) => void): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET /api/events HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
  if (take) socket.setEncoding('latin1').on('data', (text) => take(String(text)))
  else socket.pause()
  socket.on('error', () => undefined)
  return socket
}
