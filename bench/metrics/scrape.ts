import { Agent, request } from 'node:http'

/** One answer to `GET /metrics`. */
export interface Scrape {
  /** Milliseconds until all of it was there. */
  readonly ms: number
  readonly text: string
}

/** As Prometheus does, connections are kept from scrape to scrape. */
const agent = new Agent({ keepAlive: true })

/** Scrapes a port of the loopback address; undefined: there was no answer within `limit` milliseconds. */
export function scrape(port: number, limit: number): Promise<Scrape | undefined> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const asked = request({ port, path: '/metrics', agent }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const ms = performance.now() - began
        clearTimeout(timer)
        const text = Buffer.concat(parts).toString()
        if (response.statusCode === 200) resolve({ ms, text })
        else reject(new Error(`status ${response.statusCode}: ${text}`))
      })
    })
    const timer = setTimeout(() => {
      resolve(undefined)
      asked.destroy()
    }, limit)
    asked.on('error', reject)
    asked.end()
  })
}

/** Names of guests in an answer. */
export function guestsIn({ text }: Scrape): Set<string> {
  return new Set(
    [...text.matchAll(/^libvirt_domain_info_virtual_cpus\{domain="([^"]+)"/gm)].map(([, name]) => name!),
  )
}
